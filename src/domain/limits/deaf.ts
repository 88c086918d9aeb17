import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../time.ts";

/** Acts are allowed only while everything up to so long ago has been heard. */
export const DEAF_AFTER_MS = HOUR_MS;
/** The whole first window is read again each day, in minutes: so long after the last time something keeps it from its end. */
const LATE_AFTER_MS = 3 * DAY_MS;
/** Two clocks that are trusted may be so far apart. */
const TRUSTED_MS = MINUTE_MS;

/** Why nothing may be made private or deleted on what was heard. */
export type Deafness = "never" | "doubtful" | "future" | "old" | "comments";

/** In words that may stand in a public report, after "why". */
export const DEAFNESS_WORDS: Readonly<Record<Deafness, string>> = {
  never: "it has not heard yet what was said before it was started",
  doubtful:
    "its memory (Redis) was started anew or set back, and may lack what was said last: all is heard again first",
  future: "a wrong clock wrote down until when it has heard: all is heard again first",
  old: "it has not heard for more than an hour what was said of the images: the archive of messages could not be read",
  comments: "the comments on the reports could not be read",
};

/** Likewise, of a first window that was not read again for days. */
export const LATE_WORDS =
  "what came late to the archive of messages is not heard: the first window is not read to its end";

/** Whether the service has ears: nothing is made private or deleted on half of what was said. */
export function isDeaf(heardUntil: Instant | null, now: Instant): boolean {
  return believable(heardUntil, now) === null || now - (heardUntil ?? 0) >= DEAF_AFTER_MS;
}

/** When a service that heard everything until then becomes deaf. */
export function deafFrom(heardUntil: Instant): Instant {
  return heardUntil + DEAF_AFTER_MS;
}

/** Whether the whole first window, which was read then, should have been read again long ago. */
export function isWindowLate(wholeAt: Instant, now: Instant): boolean {
  return now - wholeAt >= LATE_AFTER_MS;
}

/** A remembered instant, or null for one that has not come yet: a wrong clock wrote it, and nobody knows what is true. */
export function believable(at: Instant | null, now: Instant): Instant | null {
  return at === null || at > now + TRUSTED_MS ? null : at;
}
