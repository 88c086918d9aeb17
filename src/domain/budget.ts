import type { Instant } from "./time.ts";

/** What costs a budget; giving back and holding cost none. */
export type ActKind = "private" | "delete";

/** How many acts a UTC day may have, over all replicas. */
export interface BudgetLimits {
  readonly maxDeletesPerDay: number;
  readonly maxPrivatePerDay: number;
  /** Share of a region's live images that one kind of act may reach in a day, above 0 and up to 1. */
  readonly maxShareOfRegion: number;
}

/** A kind of act that is stopped until a person resumes it. */
export interface Stop {
  readonly kind: ActKind;
  readonly since: Instant;
  /** One sentence with the figures. */
  readonly reason: string;
}

/** Everything is stopped, by a person. */
export interface Pause {
  readonly by: string;
  readonly why: string;
  readonly since: Instant;
}

/** A region with fewer images than this has no share: one of five would be a fifth. */
const SMALLEST_REGION = 50;
/** A day that wants no more than this is never unusual. */
const SMALL_DAY = 20;
/** How many times the median of the past days a day may want. */
const UNUSUAL = 3;
/** How many days make what is usual. */
export const USUAL_DAYS = 14;

/** The most acts of a kind in a day. */
export function dayLimit(kind: ActKind, limits: BudgetLimits): number {
  return kind === "delete" ? limits.maxDeletesPerDay : limits.maxPrivatePerDay;
}

/** The most acts of a kind in a day and region with `live` images; never less than one. */
export function regionLimit(live: number, { maxShareOfRegion }: BudgetLimits): number {
  return live < SMALLEST_REGION ? Number.MAX_SAFE_INTEGER : Math.max(1, Math.floor(maxShareOfRegion * live));
}

/** What is said when the day's budget is used up. */
export function dayReason(kind: ActKind, limits: BudgetLimits): string {
  const name = kind === "delete" ? "max_deletes_per_day" : "max_private_per_day";
  return `${dayLimit(kind, limits)} images today are the budget ${name} of the act ${kind}`;
}

/** What is said when a region's share is used up. */
export function regionReason(kind: ActKind, region: string, live: number, limits: BudgetLimits): string {
  const share = `${Math.round(limits.maxShareOfRegion * 100)} %`;
  return `${regionLimit(live, limits)} of ${live} images in ${region} are the share max_share_of_region (${share}) of the act ${kind}`;
}

/**
 * Why a day is unusual, or null: it wants more than three times the median of the fourteen days before. `past` has one count
 * for each of them; with fewer days on record nothing is usual yet, and the fixed budgets alone apply.
 */
export function unusualReason(kind: ActKind, wanted: number, past: readonly number[]): string | null {
  if (past.length < USUAL_DAYS || wanted <= SMALL_DAY) return null;
  const sorted = past.toSorted((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[USUAL_DAYS / 2 - 1], sorted[USUAL_DAYS / 2]];
  const median = (low + high) / 2;
  if (wanted <= UNUSUAL * median) return null;
  return `today wants ${wanted} images for the act ${kind}, more than three times the median ${median} of the last fourteen days`;
}
