import type { ImageEvent } from "../image/event.ts";
import type { Image } from "../image/image.ts";
import { failedCall, publicReason } from "./public-reason.ts";

/** How an act stopped half way. `begun`: towards private, deleted or restored; the others have ended but for what is left. */
export type SituationKind = "half-private" | "begun" | "deleted-with-leftovers" | "restored-with-leftovers";

/** An image that is neither as it was nor as it shall be, in words that anybody may read. */
export interface Situation {
  readonly kind: SituationKind;
  readonly done: string;
  readonly missing: string;
  readonly why: string;
  /** Who has to do something about it. */
  readonly who: string;
}

/** How far an act came, as a record or an event tells it. */
interface Progress {
  readonly stage: string;
  /** What is taken away was recorded: from then on something may be gone. */
  readonly isBegun: boolean;
  readonly lastError: string;
}

type Words = Pick<Situation, "kind" | "done" | "missing">;

/** What stands half done; null where nothing was begun, or all of it is as it shall be. Total. */
export function situationOf(image: Pick<Image, "stage" | "takenAway" | "heldFrom" | "lastError">): Situation | null {
  const isBegun = image.takenAway !== null;
  // A hold that came in between stopped it half way.
  if (image.stage === "held" && image.heldFrom === "public" && isBegun) {
    const words = halfPrivate(null);
    return { ...words, why: "it was held meanwhile", who: "nobody, while it is held; a restore gives all of it back" };
  }
  return situation({ stage: image.stage, isBegun, lastError: image.lastError });
}

/** The same of an event that tells of a refusal or a failure. */
export function situationIn({ what, why, details }: ImageEvent): Situation | null {
  const lastError = lastErrorOf({ what, why, details });
  return lastError === null
    ? null
    : situation({ stage: details["stage"] ?? "", isBegun: details["begun"] === "yes", lastError });
}

/** The `last_error` that an event of a refusal or a failure tells; null for any other event. */
export function lastErrorOf({ what, why, details }: Pick<ImageEvent, "what" | "why" | "details">): string | null {
  if (what === "refused") return `${details["code"] ?? "unknown"}: ${why}`;
  return what === "failed" ? `failed: ${why}` : null;
}

/** What an event of a refusal or a failure carries, so that it can be told how far the act came. */
export function progressOf({ stage, takenAway }: Pick<Image, "stage" | "takenAway">): Readonly<Record<string, string>> {
  return takenAway === null ? { stage } : { stage, begun: "yes" };
}

function situation({ stage, isBegun, lastError }: Progress): Situation | null {
  const words = wordsFor(stage, isBegun, lastError);
  return words === null ? null : { ...words, ...publicReason(lastError) };
}

function wordsFor(stage: string, isBegun: boolean, lastError: string): Words | null {
  const step = failedCall(lastError)?.step ?? null;
  if (stage === "public") return isBegun ? halfPrivate(step) : null;
  // Without an error it is under way, and its end is told.
  if (lastError === "") return null;
  if (stage === "deleting") return halfDeleted(step, lastError);
  return stage === "restoring" ? halfRestored(step) : null;
}

function halfPrivate(step: string | null): Words {
  const kind = "half-private";
  if (step === "closeSnapshot")
    return { kind, done: "the image is private", missing: "some of its snapshots are still public" };
  if (step === "closeImage")
    return { kind, done: "it is marked, and may be private", missing: "the image and its snapshots made private" };
  return { kind, done: "the image is private, or may be", missing: "all of it private, read back and marked" };
}

/** Calls of a deletion that are made when the image itself is gone. */
const AFTER_THE_IMAGE = ["imagesOn", "imagesOnSnapshot", "deleteSnapshot", "snapshots", "openSnapshot", "untag"];

function halfDeleted(step: string | null, lastError: string): Words {
  const isOfSnapshot = (step !== null && AFTER_THE_IMAGE.includes(step)) || isInUse(lastError);
  if (isOfSnapshot)
    return {
      kind: "deleted-with-leftovers",
      done: "the image is deleted",
      missing: "some of its snapshots still stand",
    };
  if (step === "deregister")
    return { kind: "begun", done: "it is private, and its deletion was begun", missing: "the image still stands" };
  return { kind: "begun", done: "its deletion was begun", missing: "the image, or snapshots of it, may still stand" };
}

/** Our own words for a snapshot that stays in use after its image went. */
function isInUse(lastError: string): boolean {
  return /^failed: \S+ snap-[0-9a-f]+ is still in use after its image /.test(lastError);
}

function halfRestored(step: string | null): Words {
  const kind = "restored-with-leftovers";
  if (step === "untag")
    return { kind, done: "everybody can use it again", missing: "marks of this service are still on it" };
  if (step === "openSnapshot")
    return { kind, done: "everybody can use the image again", missing: "some of its snapshots are still private" };
  return {
    kind: "begun",
    done: "giving it back was begun",
    missing: "the image is not public yet, as far as is known",
  };
}

/** One line for people: what is done, what is missing, why, and who must act. */
export function describeSituation({ done, missing, why, who }: Situation): string {
  return `${done}; missing: ${missing}; why: ${why}; to act: ${who}`;
}
