import { dayOf, DAY_MS, formatInstant, type Instant } from "./time.ts";

/** Whether a hold is in force. */
export function isInForce(hold: Hold | null, now: Instant): hold is Hold {
  return hold !== null && (hold.until === null || hold.until > now);
}

/** The end of a hold for people and tags. */
export function untilText({ until }: Pick<Hold, "until">): string {
  return until === null ? "no end" : formatInstant(until);
}

/** The last UTC day that is held, of a hold that ends with a day; null: it ends within one. */
export function lastDayOf(until: Instant): string | null {
  return until % DAY_MS === 0 && until > 0 ? dayOf(until - DAY_MS) : null;
}

/** A person's order to leave an image, or every image of a compose, as it is. */
export interface Hold {
  /** Who gave it: a person's name, or `ticker` for what the service itself must not touch. */
  readonly by: string;
  readonly why: string;
  readonly since: Instant;
  /** Null: until it is released. */
  readonly until: Instant | null;
}
