import { isInForce, lastDayOf, untilText, type Hold } from "../hold.ts";
import { restoreAndHold, held, holdable } from "./holding.ts";
import type { Image } from "./image.ts";
import { afterClaim, triedAnew, type Change, type Periods, type Queue } from "./lifecycle.ts";
import { dayOf, formatDuration, formatInstant, type Instant } from "../time.ts";

/** What a person can ask for. */
export const VERBS = ["hold", "release", "restore", "retry"] as const;
export type Verb = (typeof VERBS)[number];

/** A person's order about some images, or about a compose with all its images, those to come included. */
export interface Order {
  readonly verb: Verb;
  readonly by: string;
  readonly why: string;
  /** The end of a hold; null: none. */
  readonly until: Instant | null;
  readonly at: Instant;
}

/** What became of an order for one image: the change, if any, what happened, and what happens next. */
export interface OrderOutcome {
  readonly change: Change | null;
  readonly happened: string;
  readonly next: string;
}

/** What the terms of an answer are, besides image and order. */
interface Terms {
  readonly periods: Periods;
  readonly now: Instant;
  /** The hold on the image's compose. */
  readonly composeHold: Hold | null;
}

/** Carries out an order on one image: pure; the caller writes the change. Nothing here can hasten a deadline. */
export function carryOut(image: Image, order: Order, terms: Terms): OrderOutcome {
  switch (order.verb) {
    case "hold":
      return hold(image, order, terms);
    case "release":
      return release(image, order, terms);
    case "restore":
      return restore(image, order, terms);
    case "retry":
      return retry(image, terms);
  }
}

const nothing = (happened: string, next: string): OrderOutcome => ({ change: null, happened, next });

/** What a deleted or vanished image is answered with, whatever is ordered; null: it is not too late. */
export function tooLate(image: Pick<Image, "stage">): OrderOutcome | null {
  if (image.stage === "deleted") return nothing("too late: it is deleted", "nothing can bring it back");
  if (image.stage === "gone") return nothing("too late: it vanished from EC2", "nothing can be done");
  return null;
}

function holdOf({ by, why, until }: Order, since: Instant): Hold {
  return { by, why, until, since };
}

function untilNext(hold: Hold): string {
  if (hold.until === null) return "it stays as it is until somebody releases it";
  const day = lastDayOf(hold.until);
  return day === null ? `it is released on ${untilText(hold)}` : `it stays as it is until the end of ${day} (UTC)`;
}

function hold(image: Image, order: Order, { periods, now }: Terms): OrderOutcome {
  const wanted = holdOf(order, now);
  const from = holdable(image);
  if (from !== null) {
    const same = image.hold !== null && image.hold.until === wanted.until && image.hold.by === wanted.by;
    if (image.stage === "held" && same) return nothing(`held already by ${wanted.by}`, untilNext(wanted));
    return { change: held(wanted, from), happened: "held", next: untilNext(wanted) };
  }
  if (image.stage === "restoring") {
    if (image.becomes === "kept") return nothing("it is being given back to the public", "it is kept from then on");
    const change = again(image, "restore", { hold: wanted }, periods, now);
    return { change, happened: "held as soon as it is given back to the public", next: untilNext(wanted) };
  }
  if (image.stage === "deleting") return wish(image, "hold", wanted, periods, now);
  return tooLate(image) ?? nothing("not held", `its stage is ${image.stage}`);
}

/** Orders for an image that is being deleted: its ticker looks whether it still stands. */
function wish(image: Image, what: "hold" | "restore", hold: Hold, periods: Periods, now: Instant): OrderOutcome {
  const change = again(image, "delete", { wish: what, hold }, periods, now);
  const next = "if it is still there, it is saved; if it is deregistered already, it is too late";
  return { change, happened: "it is just being deleted", next };
}

/** The same stage, with the claim ended and the image due again when that is over. */
function again(image: Image, queue: Queue, fields: Change["fields"], periods: Periods, now: Instant): Change {
  return {
    stage: image.stage,
    wait: { queue, wakeAt: afterClaim(image, periods, now) },
    fields: { ...fields, attempts: 0 },
    event: null,
  };
}

function release(image: Image, order: Order, { now, periods, composeHold }: Terms): OrderOutcome {
  if (image.stage !== "held") {
    if (image.hold !== null && (image.stage === "restoring" || image.stage === "deleting"))
      return nothing(`not released: it is ${image.stage} at the moment`, "ask again when it is held");
    return tooLate(image) ?? nothing("it was not held", `its stage is ${image.stage}`);
  }
  if (isInForce(composeHold, now))
    return nothing(
      `not released: its compose ${image.composeId} is held by ${composeHold.by}`,
      `release --compose ${image.composeId}`,
    );
  const before = image.hold ?? { by: order.by, why: "", since: now, until: null };
  const over: Hold = { ...before, until: now, by: order.by, why: order.why };
  const next =
    image.heldFrom === "private"
      ? `the public is told again; nothing is deleted for ${formatDuration(periods.afterHoldMs)} after that, nor before its old date`
      : "it goes on where it stood; once it is private, the public is told before anything is deleted";
  return {
    // The ticker takes our tag away and lets the clock run.
    change: { stage: "held", wait: { queue: "held", wakeAt: now }, fields: triedAnew({ hold: over }), event: null },
    happened: "released",
    next,
  };
}

function restore(image: Image, order: Order, terms: Terms): OrderOutcome {
  const { periods, now } = terms;
  const wanted = holdOf(order, now);
  if (image.stage === "deleting") return wish(image, "restore", wanted, periods, now);
  if (image.stage === "restoring" && image.becomes === "kept")
    return nothing("it is being given back already", "it is kept from then on");
  const late = tooLate(image);
  if (late !== null) return late;
  const change = restoreAndHold(image, wanted, periods, now);
  // No record says that something was taken, and the old script had none: EC2's tags are looked at.
  const isRecorded = image.takenAway !== null || change.fields.heldFrom === "public";
  const happened = isRecorded
    ? "being given back to the public"
    : "looked at in EC2: what was taken from it by its tags there is given back to the public";
  return { change, happened, next: `then held: ${untilNext(wanted)}` };
}

function retry(image: Image, { now, periods }: Terms): OrderOutcome {
  const at = (queue: Queue, deadline: Instant | null): OrderOutcome => {
    const wakeAt = Math.max(deadline ?? 0, afterClaim(image, periods, now));
    const change: Change = { stage: image.stage, wait: { queue, wakeAt }, fields: triedAnew({}), event: null };
    const when = wakeAt > now ? `on ${formatInstant(wakeAt)}` : "with the next pass";
    return { change, happened: "its waiting after a failure is over", next: `tried again ${when}` };
  };
  switch (image.stage) {
    case "unresolved":
      return at("unresolved", null);
    case "public":
      return at("private", image.privateAt);
    case "private":
      return image.deleteAt === null
        ? nothing("nothing to retry", "it waits for the public notice, which sets its date")
        : at("delete", image.deleteAt);
    case "deleting":
      return at("delete", null);
    case "restoring":
      return at("restore", null);
    case "held":
    case "kept":
      return nothing(
        "nothing to retry",
        `it is ${image.stage}${image.hold?.until ? ` until ${dayOf(image.hold.until)}` : ""}`,
      );
    case "deleted":
    case "gone":
      return tooLate(image) ?? nothing("nothing to retry", "");
  }
}
