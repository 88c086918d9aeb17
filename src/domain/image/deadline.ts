import type { EventKind } from "./event.ts";
import type { Image } from "./image.ts";
import type { Periods } from "./lifecycle.ts";
import type { Instant } from "../time.ts";

/**
 * When an image may be deleted, now that the public was told of this event; null when the event is not the image's latest.
 * The ten days run from the later of the act and the notice; after a hold the old date counts, and at least `afterHoldMs`.
 * An image that was found again has all of its days anew, whatever was told before.
 */
export function deadlineOf(
  image: Image,
  event: { readonly what: EventKind; readonly at: Instant },
  noticedAt: Instant,
  { deleteAfterMs, afterHoldMs }: Periods,
): Instant | null {
  if (image.madePrivateAt === null) return null;
  const whole = Math.max(image.madePrivateAt, noticedAt) + deleteAfterMs;
  if (event.what === "made-private" && image.releasedAt === null && image.madePrivateAt === event.at)
    return Math.max(whole, image.earliestDeleteAt ?? 0);
  if (event.what === "released" && image.releasedAt === event.at)
    return Math.max(image.earliestDeleteAt ?? whole, noticedAt + afterHoldMs);
  // What was found again entered at that very instant, and was private before.
  const isAsFound = image.uploadedAt === event.at && image.madePrivateAt <= event.at && image.releasedAt === null;
  if (event.what === "found-again" && isAsFound) return whole;
  return null;
}
