import type { EventDraft, EventKind } from "./event.ts";
import type { Image } from "./image.ts";
import { draft, type Change, type Periods } from "./lifecycle.ts";
import { believable } from "../limits/deaf.ts";
import { formatInstant, type Instant } from "../time.ts";

/** The detail of a `found-again` that tells an image anew: since when it is private as it stands. */
const SINCE = "private_since";
const UNTOLD = "it is private, and what told of that was lost";
const LOST = "it is private, and the page that told of that is gone, or does not name it any more";

/**
 * When an image may be deleted, now that the public was told of this event; null when the event is not the image's latest.
 * The ten days run from the later of the act and the notice; after a hold the old date counts, and at least `afterHoldMs`.
 * An image that was found again has all of its days anew, whatever was told before. No deadline is before a date that the public
 * was given.
 */
export function deadlineOf(
  image: Image,
  event: { readonly what: EventKind; readonly at: Instant; readonly details?: EventDraft["details"] },
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
  if (event.what === "found-again" && isToldAnew(image, event))
    return Math.max(whole, image.earliestDeleteAt ?? 0, promised);
  return null;
}

/** Whether the event tells anew of an image that is private since then, and of nothing that it was before. */
export function isToldAnew(image: Image, { details = {} }: { readonly details?: EventDraft["details"] }): boolean {
  const since = privateSince(image);
  return since !== null && details[SINCE] === formatInstant(since);
}

/**
 * What tells the public anew of an image that is private and has no date, when nothing that would tell of it waits any more: all
 * of its days begin with that notice. Null: it needs none.
 */
export function tellAnew(image: Image, now: Instant): Change | null {
  return image.noticedAt === null ? anew(image, now, UNTOLD, {}) : null;
}

/**
 * The same for an image of which the public was told, where it can read that no more: the notice counts for nothing, and only its
 * date stands as the earliest. Null: nothing hangs on the notice.
 */
export function noticeLost(image: Image, now: Instant): Change | null {
  if (image.noticedAt === null) return null;
  const earliestDeleteAt = Math.max(image.deleteAt ?? 0, image.earliestDeleteAt ?? 0);
  return anew(image, now, LOST, { noticedAt: null, deleteAt: null, earliestDeleteAt });
}

function anew(image: Image, now: Instant, why: string, fields: Change["fields"]): Change | null {
  const since = privateSince(image);
  const { stage, madePrivateAt, takenAway } = image;
  if (stage !== "private" || madePrivateAt === null || since === null) return null;
  const details = { [SINCE]: formatInstant(since), snapshots: String(takenAway?.snapshots.length ?? "") };
  return { stage, wait: null, fields, event: draft("found-again", now, "reporter", why, details) };
}

function privateSince({ releasedAt, madePrivateAt }: Image): Instant | null {
  return releasedAt ?? madePrivateAt;
}
