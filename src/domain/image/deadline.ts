import type { EventKind } from "./event.ts";
import type { Image } from "./image.ts";
import type { Periods } from "./lifecycle.ts";
import { believable } from "../limits/deaf.ts";
import type { Instant } from "../time.ts";

/**
 * When an image may be deleted, now that the public was told of this event; null when the event is not the image's latest.
 * The ten days run from the later of the act and the notice; after a hold the old date counts, and at least `afterHoldMs`.
 * An image that was found again has all of its days anew, whatever was told before. No deadline is before a date that the public
 * was given.
 */
export function deadlineOf(
  image: Image,
  event: { readonly what: EventKind; readonly at: Instant },
  noticedAt: Instant,
  { deleteAfterMs, afterHoldMs }: Periods,
): Instant | null {
  if (image.madePrivateAt === null) return null;
  const promised = image.promisedAt ?? 0;
  // An instant that has not come yet is a wrong clock's: the notice alone counts.
  const whole = Math.max(believable(image.madePrivateAt, noticedAt) ?? 0, noticedAt) + deleteAfterMs;
  if (event.what === "made-private" && image.releasedAt === null && image.madePrivateAt === event.at)
    return Math.max(whole, image.earliestDeleteAt ?? 0, promised);
  if (event.what === "released" && image.releasedAt === event.at)
    return Math.max(image.earliestDeleteAt ?? whole, noticedAt + afterHoldMs, promised);
  // What was found again entered at that very instant, and was private before.
  const isAsFound = image.uploadedAt === event.at && image.madePrivateAt <= event.at && image.releasedAt === null;
  if (event.what === "found-again" && isAsFound) return Math.max(whole, promised);
  return null;
}
