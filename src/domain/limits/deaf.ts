import { HOUR_MS, type Instant } from "../time.ts";

/** Acts are allowed only while everything up to so long ago has been heard. */
const DEAF_AFTER_MS = HOUR_MS;

/** Whether too little was heard: nothing is made private or deleted on half of what was said. */
export function isDeaf(heardUntil: Instant | null, now: Instant): boolean {
  return heardUntil === null || now - heardUntil >= DEAF_AFTER_MS;
}
