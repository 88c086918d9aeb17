import { parseComposeId } from "../../../domain/compose/compose.ts";
import { DAY_MS, type Instant } from "../../../domain/time.ts";

/** The record of a deleted image is kept for 400 days, and those of kept ones for ever. */
const RECORDS_LAST_MS = 390 * DAY_MS;

/**
 * Whether a compose is so old that an image of it without a record is more likely to have ended than to have lost it; also of an id
 * that has no date.
 */
export function isLongPast(composeId: string, now: Instant): boolean {
  const id = parseComposeId(composeId);
  const day = id.ok ? Date.parse(id.value.date.replace(/^(....)(..)(..)$/, "$1-$2-$3")) : NaN;
  return !(day > now - RECORDS_LAST_MS);
}
