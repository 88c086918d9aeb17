import type { Image } from "./image.ts";
import { keep, type Change, type Periods } from "./lifecycle.ts";
import { backoffMs, jittered } from "../limits/backoff.ts";
import { HOUR_MS, MINUTE_MS, type Instant } from "../time.ts";

/** An unresolved image whose facts have not come: tried again later, with jitter of `fraction`, and kept in the end. */
export function stillUnresolved(
  image: Image,
  reason: string,
  periods: Periods,
  now: Instant,
  fraction: number,
): Change {
  const endsAt = image.uploadedAt + periods.unresolvedForMs;
  if (now >= endsAt) {
    const why = `${reason}; nothing more was learnt in time`;
    return keep({ rule: "unresolved", reason: why }, now, "resolver");
  }
  const wakeAt = Math.min(endsAt, now + jittered(backoffMs(image.attempts, MINUTE_MS, 6 * HOUR_MS), fraction));
  return {
    stage: "unresolved",
    wait: { queue: "unresolved", wakeAt },
    fields: { attempts: image.attempts + 1, lastError: reason },
    event: null,
  };
}
