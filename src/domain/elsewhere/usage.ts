import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../time.ts";

/** What is known of who uses an image in other accounts, and of the report that EC2 makes of it. */
export interface UsageRecord {
  /** The report under way; empty: there is none. */
  readonly reportId: string;
  /** When a report was begun last. */
  readonly askedAt: Instant;
  /** How many other accounts use it; null: that was never answered. */
  readonly accounts: number | null;
  readonly answeredAt: Instant | null;
}

/** How an image stands with other accounts, right before it is made private. */
export interface Elsewhere {
  /** Null: not known, or not any more. */
  readonly accounts: number | null;
  /** So many that a person has to decide. */
  readonly isMany: boolean;
}

/** So long before it is due it is asked who uses an image: EC2 takes its time. */
export const ASKED_AHEAD_MS = 2 * DAY_MS;
/** An answer is asked for anew after so long, and counts a day longer: launches are a day late in it, and templates some days. */
const ANEW_MS = 7 * DAY_MS;
const COUNTS_MS = ANEW_MS + DAY_MS;
/** A report that is not there by then is begun anew. */
const PATIENCE_MS = DAY_MS;
const AFTER_FAILURE_MS = 6 * HOUR_MS;
/** Two clocks that are trusted may be so far apart. */
const TRUSTED_MS = MINUTE_MS;

/** What is to be done about an image's report now. */
export function usageStep(record: UsageRecord | null, now: Instant): "ask" | "look" | "nothing" {
  // What a wrong clock wrote says nothing.
  if (record === null || record.askedAt > now + TRUSTED_MS) return "ask";
  const { reportId, askedAt, answeredAt } = record;
  if (reportId !== "") return now - askedAt >= PATIENCE_MS ? "ask" : "look";
  const isAnswered = answeredAt !== null && answeredAt >= askedAt;
  return now - askedAt >= (isAnswered ? ANEW_MS : AFTER_FAILURE_MS) ? "ask" : "nothing";
}

/** `keepFrom`: so many other accounts are for a person to decide; 0: no number is. */
export function elsewhereOf(record: UsageRecord | null, now: Instant, keepFrom: number): Elsewhere {
  const { accounts = null, answeredAt = null } = record ?? {};
  const isFresh = answeredAt !== null && answeredAt <= now + TRUSTED_MS && now - answeredAt < COUNTS_MS;
  const known = isFresh ? accounts : null;
  return { accounts: known, isMany: known !== null && keepFrom > 0 && known >= keepFrom };
}

/** For the public, who is told no account by its name. */
export function elsewhereText(accounts: number): string {
  return `in use in ${accounts} other ${accounts === 1 ? "account" : "accounts"}`;
}
