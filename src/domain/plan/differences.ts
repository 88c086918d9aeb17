import type { KeepRule } from "../compose/classify.ts";
import { restoreAndHold } from "../image/holding.ts";
import { isPrivate, type Image } from "../image/image.ts";
import type { Queue } from "../image/lifecycle.ts";
import { restoreAndKeep, type Change, type Periods } from "../image/lifecycle.ts";
import type { FoundEntry } from "./found.ts";
import type { Seen, SeenSnapshot } from "./look.ts";
import {
  holdByTag,
  holdTag,
  COMPOSE_TAG,
  HOLD_TAG,
  IMAGE_TAG,
  INTENT_TAG,
  OLD_TAG,
  OUR_TAGS,
  PRIVATE_AT_TAG,
} from "./tags.ts";
import { formatInstant, parseInstant, type Instant } from "../time.ts";

/** What bus, Redis and EC2 can disagree about. */
export type DifferenceKind =
  | "no-record"
  | "queue"
  | "missing"
  | "deleted-but-there"
  | "leaked-snapshot"
  | "account"
  | "public-again"
  | "private"
  | "taken"
  | "compose"
  | "private-at"
  | "hold-not-tagged"
  | "hold-not-recorded";

/** A disagreement, and what to do about it. */
export interface Difference {
  readonly region: string;
  readonly amiId: string;
  readonly kind: DifferenceKind;
  /** What is so, as part of a sentence. */
  readonly what: string;
  /** What happens by itself, or what somebody should do. */
  readonly remedy: string;
}

type Disagreement = Pick<Difference, "kind" | "what" | "remedy">;

/** The tags that an image is looked for by, of ours and of the old script. */
export const IMAGE_MARKS = OUR_TAGS;
/** The tag that a snapshot is looked for by: it names its image. */
export const SNAPSHOT_MARKS = [IMAGE_TAG] as const;

/** What a found image enters as. */
export function unrecorded(region: string, amiId: string, entry: FoundEntry | null): Difference {
  const what = "it carries tags of ours or of the old script, and Redis has no record of it";
  const head = { region, amiId, kind: "no-record", what } as const;
  if (entry === null)
    return { ...head, remedy: "its compose is looked for in datagrepper, which gave no answer: run reconcile again" };
  const { upload, entry: entered } = entry;
  const ofCompose = entered.fields.rule === "unresolved" ? "" : ` of ${upload.composeId}`;
  const why = entered.fields.rule === "unresolved" ? `: ${entered.fields.reason ?? ""}` : "";
  return { ...head, remedy: `reconcile --apply enters it as ${entered.stage}${ofCompose}${why}` };
}

/** What Redis says of an image that is not known to be gone, against what EC2 shows of it now. */
export function disagreements(image: Image, seen: Seen | null, account: string): readonly Difference[] {
  const { region, amiId } = image;
  const found =
    seen === null ? missing(image) : seen.ownerId === account ? differences(image, seen) : foreign(seen, account);
  return found.map((each) => ({ region, amiId, ...each }));
}

function missing({ stage }: Image): readonly Disagreement[] {
  // Its ticker has just deregistered it.
  if (stage === "deleting") return [];
  const asks =
    stage === "kept" ? "nobody asks for a kept image" : "it is asked for three times over a day when it is due";
  return [
    {
      kind: "missing",
      what: `Redis says ${stage}, and EC2 does not show it`,
      remedy: `${asks}; nothing is deleted on that ground`,
    },
  ];
}

function foreign({ ownerId }: Seen, account: string): readonly Disagreement[] {
  const what = `it belongs to account ${ownerId}, not to ${account}`;
  return [{ kind: "account", what, remedy: "it is never acted on: a message named somebody else's image" }];
}

function differences(image: Image, seen: Seen): readonly Disagreement[] {
  return [...permission(image, seen), ...compose(image, seen), ...privateAt(image, seen), ...holding(image, seen)];
}

/**
 * What nobody else would restore, after Redis was lost and heard anew of an image that we had begun with: one that is kept,
 * or one whose person wanted it back. What is kept because nobody knows its compose stays as it is.
 */
function isToRestore({ stage, rule, takenAway, heldFrom }: Image, { tags, isPublic }: Seen): boolean {
  const isOld = tags[OLD_TAG] !== undefined && !isPublic;
  if (takenAway !== null || (tags[INTENT_TAG] === undefined && !(isOld && stage === "kept"))) return false;
  if (stage === "kept") return rule !== "unresolved";
  const isWaiting = stage === "public" || stage === "unresolved" || (stage === "held" && heldFrom !== "private");
  return isWaiting && isPublic && tags[PRIVATE_AT_TAG] !== undefined && tags[HOLD_TAG] !== undefined;
}

/** What `--apply` changes of an image that has a record; null: nothing. */
export function mendingOf(image: Image, seen: Seen, account: string, periods: Periods, now: Instant): Change | null {
  if (seen.ownerId !== account || !isToRestore(image, seen)) return null;
  const hold = image.hold ?? holdByTag(seen.tags[HOLD_TAG] ?? "", now);
  if (image.stage !== "kept") return restoreAndHold(image, hold, periods, now);
  // Only a keep brings an image into this stage.
  const decision = { rule: image.rule as KeepRule, reason: image.reason };
  return restoreAndKeep(image, decision, periods, now, "reconcile");
}

function permission(image: Image, seen: Seen): readonly Disagreement[] {
  const { isPublic, tags } = seen;
  if (isPrivate(image) && isPublic)
    return [
      {
        kind: "public-again",
        what: `Redis says ${image.stage}, and in EC2 everybody can use it`,
        remedy: "somebody made it public again: it is not deleted, and counts as held when it is due",
      },
    ];
  if (isToRestore(image, seen))
    return [
      {
        kind: "taken",
        what: `Redis says ${image.stage}, and its tags say that something was taken from it, and is to be given back`,
        remedy: "reconcile --apply has it given back",
      },
    ];
  const isUnfinished = image.stage === "public" || image.stage === "unresolved" || image.stage === "kept";
  const isByOldScript = image.stage === "kept" && tags[OLD_TAG] !== undefined;
  if (!isUnfinished || isPublic || (tags[PRIVATE_AT_TAG] === undefined && !isByOldScript)) return [];
  const remedy =
    image.stage === "kept"
      ? `look at it; clean-amis restore ${image.amiId} makes it public again`
      : "made private anew, told anew, when it is due";
  const whose = isByOldScript ? "the old script's tag" : "our tags";
  return [{ kind: "private", what: `Redis says ${image.stage}, and in EC2 it is private, with ${whose}`, remedy }];
}

function compose({ composeId }: Image, { tags }: Seen): readonly Disagreement[] {
  const tag = tags[COMPOSE_TAG];
  if (tag === undefined || tag === composeId) return [];
  const what = `Redis says ${composeId}, its tag ${COMPOSE_TAG} says ${tag}`;
  return [{ kind: "compose", what, remedy: "hold it, and find out whose image it is" }];
}

function privateAt(image: Image, { tags, isPublic }: Seen): readonly Disagreement[] {
  if (!isPrivate(image) || isPublic || image.madePrivateAt === null) return [];
  const tag = tags[PRIVATE_AT_TAG];
  if (parseInstant(tag ?? "") === image.madePrivateAt) return [];
  return [
    {
      kind: "private-at",
      what: `Redis says private since ${formatInstant(image.madePrivateAt)}, its tag ${PRIVATE_AT_TAG} ${tag === undefined ? "is missing" : `says ${tag}`}`,
      remedy:
        "the later of the two counts; without a tag that can be read it is not deleted: restore it, and release it, to begin anew",
    },
  ];
}

function holding(image: Image, { tags }: Seen): readonly Disagreement[] {
  const tag = tags[HOLD_TAG];
  const { stage, hold, amiId } = image;
  if (stage === "held" && hold !== null && tag !== holdTag(hold)) {
    const what = `Redis says held by ${hold.by}, its tag ${HOLD_TAG} ${tag === undefined ? "is missing" : `says ${tag}`}`;
    return [{ kind: "hold-not-tagged", what, remedy: "the service writes the tag with its next pass" }];
  }
  const hasClock = stage === "unresolved" || stage === "public" || stage === "private";
  if (!hasClock || tag === undefined) return [];
  const remedy = `it is held when it is due; clean-amis hold ${amiId} makes it visible, and can be released`;
  return [{ kind: "hold-not-recorded", what: `Redis says ${stage}, its tag ${HOLD_TAG} says ${tag}`, remedy }];
}

/** An image whose record and queues do not agree. */
export function misplaced({ region, amiId, stage }: Image, stands: readonly Queue[], isListed: boolean): Difference {
  const where = stands.length === 0 ? "in no queue" : `in ${stands.join(" and ")}`;
  const what = `Redis says ${stage}, and it stands ${where}${isListed ? "" : ", and not among its region's images"}`;
  return {
    region,
    amiId,
    kind: "queue",
    what,
    remedy: "the service puts it right by itself, reconcile --apply at once",
  };
}

/** An image that its compose's set names, and that has neither a record nor a tag of ours. */
export function forgotten(region: string, amiId: string, composeId: string): Difference {
  const what = `it is named as an image of ${composeId}, and Redis has no record of it`;
  return { region, amiId, kind: "no-record", what, remedy: "reconcile --apply enters it as if it was announced now" };
}

/** An image that Redis says is over, and that EC2 knows. */
export function stillThere({ region, amiId, stage }: Image): Difference {
  const what = `Redis says ${stage}, and EC2 still shows it`;
  return {
    region,
    amiId,
    kind: "deleted-but-there",
    what,
    remedy: "nothing is done to it any more: look at it, and remove it by hand",
  };
}

/** A snapshot that its image has left behind. `image`: the record of the image, if there is one. */
export function leaked(region: string, amiId: string, snapshot: SeenSnapshot, image: Image | null): Difference {
  const { snapshotId, sizeGiB } = snapshot;
  const record = image === null ? "Redis has no record of it" : `Redis says ${image.stage}`;
  return {
    region,
    amiId,
    kind: "leaked-snapshot",
    what: `its snapshot ${snapshotId} of ${sizeGiB} GiB still stands; the image is gone from EC2, and ${record}`,
    remedy: `if nobody needs it: aws ec2 delete-snapshot --region ${region} --snapshot-id ${snapshotId}`,
  };
}
