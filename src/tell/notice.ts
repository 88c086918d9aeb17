import type { ImageEvent } from "../domain/image/event.ts";
import { deadlineOf } from "../domain/image/deadline.ts";
import { draft } from "../domain/image/lifecycle.ts";
import { agreed, later } from "../domain/limits/clocks.ts";
import { ceilSecond } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { Reporter } from "./reporter.ts";

/** How often an image may change between being read and being noticed. */
const MOST_ATTEMPTS = 5;

/**
 * Sets the deadline of an image whose being made private, or release from a hold, this post told; false when it gives none, or
 * gave it before.
 */
export async function noticeImage(
  event: ImageEvent,
  url: string,
  { schedule, periods }: Pick<Reporter, "schedule" | "periods">,
): Promise<boolean> {
  if (event.what !== "made-private" && event.what !== "found-again" && event.what !== "released") return false;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const image = await schedule.get(event.region, event.amiId);
    if (image === null || image.stage !== "private" || image.noticedAt !== null) return false;
    // The later of the two clocks: one that is behind must not shorten the public's days.
    const clocks = await schedule.now();
    agreed(clocks);
    const noticedAt = ceilSecond(later(clocks));
    const deleteAt = deadlineOf(image, event, noticedAt, periods);
    if (deleteAt === null) return false;
    if (await schedule.notice(image, noticedAt, deleteAt, draft("noticed", noticedAt, "reporter", url))) return true;
  }
  const message = `redis: ${event.region} ${event.amiId} changed whenever its notice was to be written; it is tried again later`;
  throw new UpstreamError("redis", "busy", message);
}
