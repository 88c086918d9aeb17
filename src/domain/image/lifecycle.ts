import type { Decision, KeepRule, Rule } from "../compose/classify.ts";
import type { EventDraft, EventKind } from "./event.ts";
import type { Image, Stage } from "./image.ts";
import type { Upload } from "./upload.ts";
import type { Instant } from "../time.ts";

/** Sorted sets of a region in which images wait. */
export const QUEUES = ["unresolved", "private", "delete", "restore", "held"] as const;
export type Queue = (typeof QUEUES)[number];
/** Those whose images something is done to in EC2 when they wake up. */
export type ActQueue = Exclude<Queue, "unresolved" | "held">;

/** Where an image of a stage waits; null: for nothing by itself. */
export const QUEUE_OF: Readonly<Record<Stage, Queue | null>> = {
  unresolved: "unresolved",
  public: "private",
  private: "delete",
  deleting: "delete",
  restoring: "restore",
  held: "held",
  kept: null,
  deleted: null,
  gone: null,
};

/** The durations that the life of an image is made of, in milliseconds. */
export interface Periods {
  /** From the upload to being made private. */
  readonly privateAfterMs: number;
  /** From the notice to being deleted. */
  readonly deleteAfterMs: number;
  /** From the end of a hold to being deleted, at least. */
  readonly afterHoldMs: number;
  /** How long facts of a compose may be missing before its images are kept. */
  readonly unresolvedForMs: number;
  /** How long a claim lasts. */
  readonly leaseMs: number;
}

/** What a change may write; the rest of an image is written once, when it is first heard of. */
export type ChangeableField =
  | "rule"
  | "reason"
  | "takenAway"
  | "madePrivateAt"
  | "noticedAt"
  | "deleteAt"
  | "earliestDeleteAt"
  | "releasedAt"
  | "hold"
  | "heldFrom"
  | "wish"
  | "snapshotIds"
  | "snapshotResults"
  | "becomes"
  | "attempts"
  | "lastError"
  | "missedLooks"
  | "missedSince"
  | "missedAt";

/** What is written of an image: its stage, where it waits next, what else is written, and the event that tells it. */
export interface Change {
  readonly stage: Stage;
  /** The one queue to wait in, until `wakeAt` (`Infinity` is legal); null: it waits for nothing. */
  readonly wait: { readonly queue: Queue; readonly wakeAt: Instant } | null;
  readonly fields: Partial<Pick<Image, ChangeableField>>;
  readonly event: EventDraft | null;
}

/** Until `wakeAt`, in the queue of its stage. */
export function waitOf({ stage }: Pick<Image, "stage">, wakeAt: Instant): Change["wait"] {
  const queue = QUEUE_OF[stage];
  return queue === null ? null : { queue, wakeAt };
}

/** How an image enters: what is written when nothing is known of it. */
export type Entry = Change & { readonly privateAt: Instant; readonly event: EventDraft };

/** How an image enters that is heard of for the first time. */
export function entryOf(upload: Upload, decision: Decision, periods: Periods, now: Instant, who: string): Entry {
  const privateAt = upload.uploadedAt + periods.privateAfterMs;
  const rule = decision.kind === "unresolved" ? null : decision.rule;
  const entry = (stage: Stage, wait: Change["wait"]): Entry => ({
    stage,
    wait,
    privateAt,
    fields: { rule, reason: decision.reason },
    event: draft("scheduled", now, who, decision.reason, { stage, rule: rule ?? "" }),
  });
  switch (decision.kind) {
    case "delete":
      return entry("public", { queue: "private", wakeAt: privateAt });
    case "keep":
      return entry("kept", null);
    case "unresolved":
      return entry("unresolved", { queue: "unresolved", wakeAt: now });
  }
}

/** An image that is kept from now on, and that nothing was taken from. */
export function keep(
  fields: { readonly rule: KeepRule; readonly reason: string },
  now: Instant,
  who: string,
): Change & { readonly event: EventDraft } {
  const event = draft("decided", now, who, fields.reason, { stage: "kept", rule: fields.rule });
  return { stage: "kept", wait: null, fields: { rule: fields.rule, reason: fields.reason }, event };
}

/** Keeps that are decided again when a fact arrives, by the policy as it is then. */
const REVISABLE_KEEPS: readonly (Rule | null)[] = ["unresolved", "unlabelled", "malformed", "foreign-product"];

/** Whether no further fact can change the keep. */
export function isFinalKeep(rule: Rule | null): boolean {
  return !REVISABLE_KEEPS.includes(rule);
}

/** A keep that may be decided again never takes the place of one that is final: two composes for one AMI, not made by us. */
function isNewKeep(before: Rule | null, after: KeepRule): boolean {
  return before !== after && (REVISABLE_KEEPS.includes(before) || !REVISABLE_KEEPS.includes(after));
}

/**
 * What a decision changes for an image that is already known, or null when it changes nothing. A keep beats every pending
 * delete: what was begun on a public image, or taken from a private one, is restored; what is being deleted is saved if it can.
 */
export function redecide(image: Image, decision: Decision, periods: Periods, now: Instant, who: string): Change | null {
  if (decision.kind === "unresolved") return null;
  if (decision.kind === "delete") {
    const waits = image.stage === "unresolved" || (image.stage === "kept" && REVISABLE_KEEPS.includes(image.rule));
    if (!waits) return null;
    const { rule, reason } = decision;
    return {
      stage: "public",
      wait: { queue: "private", wakeAt: image.privateAt },
      fields: reset({ rule, reason }),
      event: draft("decided", now, who, reason, { stage: "public", rule }),
    };
  }
  switch (image.stage) {
    case "unresolved":
      // Only an image that was found again, private, has something to restore here.
      return image.takenAway === null ? keep(decision, now, who) : restoreAndKeep(image, decision, periods, now, who);
    case "public":
      return isTouched(image) ? restoreAndKeep(image, decision, periods, now, who) : keep(decision, now, who);
    case "held":
      // A keep that may be decided again would lose the hold; a held image is as safe.
      if (!isFinalKeep(decision.rule)) return null;
      return restoreAndKeep(image, decision, periods, now, who);
    case "private":
      return restoreAndKeep(image, decision, periods, now, who);
    case "restoring":
      return image.becomes === "kept" ? null : restoreAndKeep(image, decision, periods, now, who);
    case "kept":
      if (!isNewKeep(image.rule, decision.rule)) return null;
      // What the old script took from it is on record, and was left so for want of knowing its compose.
      return image.takenAway === null ? keep(decision, now, who) : restoreAndKeep(image, decision, periods, now, who);
    case "deleting":
      return image.rule === decision.rule ? null : saveIfThere(image, decision, periods, now);
    case "deleted":
    case "gone":
      return null;
  }
}

/**
 * Whether something was taken from an image, or it was tagged, or may have been: by the claim under way, or by an attempt whose
 * answer was lost. Then there is something to undo.
 */
export function isTouched({ takenAway, token, stage, attempts }: Image): boolean {
  return takenAway !== null || token !== "" || stage === "held" || (stage === "public" && attempts > 0);
}

/** Begins to restore what was taken, because the compose is kept. */
export function restoreAndKeep(
  image: Image,
  decision: { readonly rule: KeepRule; readonly reason: string },
  periods: Periods,
  now: Instant,
  who: string,
): Change {
  const { rule, reason } = decision;
  return {
    stage: "restoring",
    wait: { queue: "restore", wakeAt: afterClaim(image, periods, now) },
    fields: reset({ rule, reason, becomes: "kept" as const, hold: null, heldFrom: null, wish: null }),
    event: draft("restoring", now, who, reason, { rule }),
  };
}

/**
 * Ends the claim under way on an image that is being deleted, so that no call of it goes out any more: its next ticker looks
 * whether the image is still there, and then restores it; else its snapshots go on.
 */
export function saveIfThere(
  image: Image,
  { rule, reason }: { readonly rule: KeepRule; readonly reason: string },
  periods: Periods,
  now: Instant,
): Change {
  return {
    stage: "deleting",
    wait: { queue: "delete", wakeAt: afterClaim(image, periods, now) },
    fields: { rule, reason, attempts: 0 },
    event: null,
  };
}

/** When a change may be worked: a claim under way must have run out first, for EC2 cannot be fenced. */
export function afterClaim({ token }: Image, { leaseMs }: Periods, now: Instant): Instant {
  return token === "" ? now : now + leaseMs;
}

export function draft(
  what: EventKind,
  at: Instant,
  who: string,
  why: string,
  details: Readonly<Record<string, string>> = {},
): EventDraft {
  return { what, at, who, why, details };
}

type Missed = "missedLooks" | "missedSince" | "missedAt";

/** What is written of an image that EC2 shows: misses that were counted before begin anew. */
export const NOT_MISSED: Pick<Image, Missed> = { missedLooks: 0, missedSince: null, missedAt: null };

/** The given fields, with every trace of failed attempts gone. */
export function reset<T extends object>(fields: T): T & Pick<Image, "attempts" | "lastError" | Missed> {
  return { ...triedAnew(fields), ...NOT_MISSED };
}

/** The same where EC2 was not asked: misses that were counted stand. */
export function triedAnew<T extends object>(fields: T): T & Pick<Image, "attempts" | "lastError"> {
  return { ...fields, attempts: 0, lastError: "" };
}
