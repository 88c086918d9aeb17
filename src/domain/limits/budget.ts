import type { Image } from "../image/image.ts";
import { DAY_MS, dayOf, type Instant } from "../time.ts";

/** What costs a budget; restoring and holding cost none. */
export const ACT_KINDS = ["private", "delete"] as const;
export type ActKind = (typeof ACT_KINDS)[number];

/** How many acts a UTC day may have, over all replicas. What is zero, absent or no number allows none. */
export interface BudgetLimits {
  readonly maxDeletesPerDay: number;
  readonly maxPrivatePerDay: number;
  /** Share of a region's live images that one kind of act may reach in a day, above 0 and up to 1. */
  readonly maxShareOfRegion: number;
}

/** A kind of act that is stopped until a person resumes it. */
export interface Stop {
  readonly kind: ActKind;
  /** 0 when nothing readable says since when. */
  readonly since: Instant;
  /** One sentence with the figures. */
  readonly reason: string;
}

/** Everything is stopped, by a person. */
export interface Pause {
  readonly by: string;
  readonly why: string;
  /** 0 when nothing readable says since when. */
  readonly since: Instant;
}

/** The most acts that may be, and what is said when one more is wanted. */
export interface Bound {
  readonly most: number;
  readonly reason: string;
}

/** A region with fewer images than this has no share: one of five would be a fifth. */
const SMALLEST_REGION = 50;
/** A day that wants no more than this is never unusual: one image more in each of some twenty regions is a single upload. */
const SMALL_DAY = 20;
/** How many times the median of the past days a day may want. */
const UNUSUAL = 3;
/** How many days make what is usual. */
const USUAL_DAYS = 14;

const NAMES: Readonly<Record<ActKind, { readonly acts: string; readonly setting: string }>> = {
  private: { acts: "images made private", setting: "max_private_per_day" },
  delete: { acts: "deletes", setting: "max_deletes_per_day" },
};

/** Whether the act stands half done: what was begun is finished, and needs no reservation any more. */
export function isBegun(
  kind: ActKind,
  { stage, takenAway, madePrivateAt }: Pick<Image, "stage" | "takenAway" | "madePrivateAt">,
): boolean {
  if (stage === "deleting") return true;
  return kind === "private" && takenAway !== null && madePrivateAt === null;
}

/** The budget of a UTC day. */
export function dayBound(kind: ActKind, limits: BudgetLimits, day: string): Bound {
  const most = wholeNumber(kind === "delete" ? limits.maxDeletesPerDay : limits.maxPrivatePerDay);
  const { acts, setting } = NAMES[kind];
  return { most, reason: `${most} ${acts} on ${day} are the budget ${setting}` };
}

/** The share of a region that has `live` images; null when they are too few for a share. One image may always be acted on. */
export function regionBound(
  kind: ActKind,
  { maxShareOfRegion: share }: BudgetLimits,
  region: string,
  live: number,
  day: string,
): Bound | null {
  if (live < SMALLEST_REGION) return null;
  const most = share > 0 ? wholeNumber(Math.max(1, share * live)) : 0;
  const percent = `${Math.round(share * 1000) / 10} %`;
  const what = `the share max_share_of_region, ${percent} of its ${live} live images`;
  return { most, reason: `${most} ${NAMES[kind].acts} in ${region} on ${day} are ${what}` };
}

/**
 * Why the day of `now` is unusual, or null: it wants more than three times the median of the fourteen days before. `acts` has
 * what was reserved by UTC day; a day without an entry had none. With a record that begins later than fourteen days ago
 * nothing is usual yet, and the fixed budgets alone apply.
 */
export function unusualReason(
  kind: ActKind,
  wanted: number,
  acts: ReadonlyMap<string, number>,
  now: Instant,
): string | null {
  const past = Array.from({ length: USUAL_DAYS }, (_, index) => dayOf(now - (index + 1) * DAY_MS));
  const earliest = past[USUAL_DAYS - 1] ?? "";
  if (![...acts.keys()].some((day) => day <= earliest)) return null;
  const median = medianOf(past.map((day) => acts.get(day) ?? 0));
  if (wanted <= Math.max(SMALL_DAY, UNUSUAL * median)) return null;
  const today = `${wanted} ${NAMES[kind].acts} wanted on ${dayOf(now)}`;
  return `${today} are more than three times ${median}, the median of the fourteen days before`;
}

/**
 * The value in the middle, or the mean of the two there; of nothing, 0.
 * @internal
 */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}

/** What is no number, or below zero, allows nothing: no limit ever means unlimited. */
function wholeNumber(limit: number): number {
  return Number.isFinite(limit) ? Math.max(0, Math.floor(limit)) : 0;
}

/** How far the service may go: print what it would do, make private, or delete as well. */
export type Act = "nothing" | "private" | "delete";
