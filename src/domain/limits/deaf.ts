import { HOUR_MS, MINUTE_MS, type Instant } from "../time.ts";

/** Acts are allowed only while everything up to so long ago has been heard. */
const DEAF_AFTER_MS = HOUR_MS;
/** Two clocks that are trusted may be so far apart. */
const TRUSTED_MS = MINUTE_MS;

/** Whether the service has ears: nothing is made private or deleted on half of what was said. */
export function isDeaf(heardUntil: Instant | null, now: Instant): boolean {
  return believable(heardUntil, now) === null || now - (heardUntil ?? 0) >= DEAF_AFTER_MS;
}

/** A remembered instant, or null for one that has not come yet: a wrong clock wrote it, and nobody knows what is true. */
export function believable(at: Instant | null, now: Instant): Instant | null {
  return at === null || at > now + TRUSTED_MS ? null : at;
}
