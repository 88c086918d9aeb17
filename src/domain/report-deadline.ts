import type { ImageEvent } from "./event.ts";
import type { Image } from "./image.ts";
import type { Periods } from "./lifecycle.ts";
import type { Instant } from "./time.ts";

/**
 * The deadline that the notice of an event sets, or null when it sets none: the ten days run from the later of the act and
 * the notice, and only for the act that the post told. The record says which act that was.
 */
export function deadlineAfter(
  event: ImageEvent,
  image: Image,
  noticedAt: Instant,
  { deleteAfterMs }: Periods,
): Instant | null {
  if (event.what !== "made-private" || image.madePrivateAt === null || image.madePrivateAt !== event.at) return null;
  return Math.max(image.madePrivateAt, noticedAt) + deleteAfterMs;
}
