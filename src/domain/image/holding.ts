import { isInForce, untilText, type Hold } from "../hold.ts";
import type { HeldFrom, Image } from "./image.ts";
import { afterClaim, draft, isFinalKeep, reset, type Change, type Periods } from "./lifecycle.ts";
import type { Instant } from "../time.ts";

/** An image's clock stops. In `deleting` and `restoring` the hold waits for what is under way. */
export function held(hold: Hold, from: HeldFrom): Change {
  return {
    stage: "held",
    // Due at once: the tag has to be written, by which the hold outlives a lost Redis.
    wait: { queue: "held", wakeAt: hold.since },
    fields: { hold, heldFrom: from, wish: null, becomes: null, attempts: 0, lastError: "" },
    event: draft("held", hold.since, hold.by, hold.why, { until: untilText(hold), from }),
  };
}

/** The stage that a hold would pause, or null where there is nothing to pause. */
export function holdable({ stage, heldFrom }: Image): HeldFrom | null {
  switch (stage) {
    case "unresolved":
    case "public":
    case "private":
    case "kept":
      return stage;
    case "held":
      return heldFrom ?? "public";
    case "deleting":
    case "restoring":
    case "deleted":
    case "gone":
      return null;
  }
}

/** A hold on the image's compose, for an image that arrives later, or that the order did not reach. */
export function holdOfCompose(image: Image, hold: Hold | null, now: Instant): Change | null {
  if (!isInForce(hold, now) || image.stage === "held" || image.stage === "kept") return null;
  const from = holdable(image);
  return from === null ? null : held({ ...hold, since: now }, from);
}

/**
 * The clock runs again where it stood. A private image gets a new notice first, and nothing is deleted for `afterHoldMs` from
 * then on; `isPublic` is what EC2 shows now.
 */
export function holdEnded(
  image: Image,
  isPublic: boolean,
  who: string,
  why: string,
  periods: Periods,
  now: Instant,
): Change {
  const from = stageAfterHold(image, isPublic);
  const until = image.hold === null ? "" : untilText(image.hold);
  const wait: Record<HeldFrom, Change["wait"]> = {
    unresolved: { queue: "unresolved", wakeAt: now },
    public: { queue: "private", wakeAt: Math.max(image.privateAt, now) },
    private: null,
    kept: null,
  };
  return {
    stage: from,
    wait: wait[from],
    fields: reset({
      hold: null,
      heldFrom: null,
      noticedAt: null,
      deleteAt: null,
      releasedAt: now,
      // A date that stood, or that an earlier end of a hold took over; never the mere floor that "make private" wrote.
      earliestDeleteAt: image.deleteAt ?? (image.releasedAt === null ? null : image.earliestDeleteAt),
    }),
    event: draft("released", now, who, why, { until, from, after_hold_s: String(periods.afterHoldMs / 1000) }),
  };
}

function stageAfterHold({ heldFrom, rule }: Image, isPublic: boolean): HeldFrom {
  if (heldFrom === "private" && isPublic) return "public";
  // A fact that came meanwhile changed nothing: it is asked for again.
  if (heldFrom === "kept" && !isFinalKeep(rule)) return "unresolved";
  return heldFrom ?? "public";
}

/** A person wants the image back: restored, then held. What is kept, or not decided yet, never becomes deletable by that. */
export function restoreAndHold(image: Image, hold: Hold, periods: Periods, now: Instant): Change {
  const from = image.stage === "restoring" ? image.heldFrom : holdable(image);
  const heldFrom = from === "kept" || from === "unresolved" ? from : "public";
  return {
    stage: "restoring",
    wait: { queue: "restore", wakeAt: afterClaim(image, periods, now) },
    fields: reset({ hold, becomes: "held" as const, heldFrom, wish: null }),
    event: draft("restoring", now, hold.by, hold.why, { until: untilText(hold) }),
  };
}
