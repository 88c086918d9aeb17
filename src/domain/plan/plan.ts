import type { Decision } from "../compose/classify.ts";
import { isInForce, type Hold } from "../hold.ts";
import { holdable } from "../image/holding.ts";
import type { HeldFrom, Image, TakenAway } from "../image/image.ts";
import { isFinalKeep, type Periods } from "../image/lifecycle.ts";
import type { Seen, Look } from "./look.ts";
import { nameMismatch } from "./name.ts";
import { protectionBy, type ProtectingTag } from "./protecting-tag.ts";
import { AMONG_NEWEST, type RefusalCode } from "./refusal.ts";
import { holdByTag, holdTag, HOLD_TAG, INTENT_TAG, OLD_TAG, OUR_TAGS, PRIVATE_AT_TAG, takenByTags } from "./tags.ts";
import { DAY_MS, formatDuration, formatInstant, MINUTE_MS, parseInstant, type Instant } from "../time.ts";

/** When an image that waits for a source's word is looked at again. */
const ASK_AGAIN_MS = 10 * MINUTE_MS;

/** What a plan is made against, besides the image itself. */
export interface Terms {
  readonly now: Instant;
  readonly periods: Periods;
  readonly guards: Guards;
}

export interface Guards {
  /** The account that owns our images. */
  readonly account: string;
  /** Tags by which anybody protects an image from us. */
  readonly protectingTags: readonly ProtectingTag[];
  /** Whether an image that an instance or a launch template of ours uses is left alone. */
  readonly inUse: boolean;
  /** An image that anybody launched within this time is left alone; 0: nobody asks. */
  readonly recentlyLaunchedMs: number;
  /** What a guard means that the credentials may not use: the act is refused, or the guard is passed over. */
  readonly unusable: "refuse" | "pass";
}

/** What would be done with an image now, and why. */
export type Plan =
  /** `usedBy`: so many other accounts use it, as far as anybody asked. */
  | { readonly do: "make-private"; readonly seen: Seen; readonly takeAway: TakenAway; readonly usedBy?: number }
  | { readonly do: "delete"; readonly seen: Seen | null; readonly snapshotIds: readonly string[] }
  /** `tagged`: what may carry our tags; without any, nothing was begun. */
  | { readonly do: "restore"; readonly seen: Seen; readonly takenAway: TakenAway; readonly tagged: readonly string[] }
  | { readonly do: "keep"; readonly decision: Decision & { readonly kind: "keep" } }
  | { readonly do: "hold"; readonly hold: Hold; readonly from: HeldFrom }
  | { readonly do: "tag-hold"; readonly seen: Seen; readonly hold: Hold }
  | { readonly do: "end-hold"; readonly seen: Seen }
  | { readonly do: "restore-and-hold"; readonly hold: Hold }
  | { readonly do: "wait"; readonly until: Instant; readonly reason: string }
  | { readonly do: "refuse"; readonly code: RefusalCode; readonly reason: string }
  | { readonly do: "miss" };

/**
 * The pure answer to "what would be done with this image now". The real run executes it; a dry run prints it. The decision is
 * made from the facts as they stand at this moment: it is the one that counts.
 */
export function planFor(image: Image, decision: Decision, look: Look, terms: Terms): Plan {
  // EC2 still tells of an image for a while that is gone.
  const seen = look.seen?.state === "deregistered" ? null : look.seen;
  const { now, periods, guards } = terms;
  if (image.stage === "restoring") {
    if (seen === null) return { do: "miss" };
    const takenAway = takenFrom(image, takenByTags(seen, look.snapshotTags));
    return { do: "restore", seen, takenAway, tagged: taggedOf(image, seen, look) };
  }
  if (image.stage === "deleting" && seen === null)
    return { do: "delete", seen: look.seen, snapshotIds: image.snapshotIds };
  // Two composes for one AMI are no fact of either: the record alone tells it.
  if (image.stage === "deleting" && image.rule === "conflict")
    return { do: "keep", decision: { kind: "keep", rule: "conflict", reason: image.reason } };
  if (decision.kind === "keep" && !isHeldAnyway(image, decision)) return { do: "keep", decision };
  if (seen === null) return { do: "miss" };
  const held = planHold(image, seen, look, terms);
  if (held !== null) return held;
  if (decision.kind === "unresolved")
    return { do: "wait", until: now + periods.leaseMs, reason: `${decision.reason}; facts were lost` };
  const refusal = refusalFor(image, look, seen, terms);
  if (refusal !== null) return refusal;
  if (seen.createdAt === null) return { do: "refuse", code: "age", reason: "EC2 does not tell its CreationDate" };
  const oldEnoughAt = seen.createdAt + periods.privateAfterMs;
  if (oldEnoughAt > now)
    return { do: "wait", until: oldEnoughAt, reason: `created ${formatInstant(seen.createdAt)}, too young` };
  if (guards.recentlyLaunchedMs > 0 && seen.lastLaunchedAt !== null) {
    const quietAt = seen.lastLaunchedAt + guards.recentlyLaunchedMs;
    const reason = `launched ${formatInstant(seen.lastLaunchedAt)}, within ${formatDuration(guards.recentlyLaunchedMs)}`;
    if (quietAt > now) return { do: "refuse", code: "recently-launched", reason };
  }
  return image.stage === "public" ? planPrivate(image, look, seen, terms) : planDelete(image, seen, terms);
}

/** What is on record, and the snapshots that were closed for another image which stands on them as well. */
function takenFrom({ takenAway }: Image, byTags: TakenAway): TakenAway {
  if (takenAway === null) return byTags;
  return { ...takenAway, snapshots: [...new Set([...takenAway.snapshots, ...byTags.snapshots])] };
}

/** Everything of an image that was begun; else what EC2 shows with tags of ours: what is to be kept is not touched. */
function taggedOf(image: Image, seen: Seen, { snapshotTags }: Look): readonly string[] {
  const { amiId, snapshotIds, tags } = seen;
  if (image.takenAway !== null) return [amiId, ...snapshotIds];
  const isMarked = (of: Readonly<Record<string, string>> = {}): boolean =>
    OUR_TAGS.some((key) => of[key] !== undefined);
  return [...(isMarked(tags) ? [amiId] : []), ...snapshotIds.filter((id) => isMarked(snapshotTags[id]))];
}

/** A keep that may be decided again would lose the hold; a held image is as safe. */
function isHeldAnyway(image: Image, decision: Decision): boolean {
  return image.stage === "held" && decision.kind === "keep" && !isFinalKeep(decision.rule);
}

/** What a hold asks for: one that is in force and not yet carried out, one to be written to EC2, or one that is over. */
function planHold(image: Image, seen: Seen, look: Look, { now, guards }: Terms): Plan | null {
  if (image.stage === "held") {
    if (!isInForce(image.hold, now) && !isInForce(look.composeHold, now)) return { do: "end-hold", seen };
    const hold = isInForce(image.hold, now) ? image.hold : look.composeHold;
    if (hold === null) return null;
    if (seen.ownerId !== guards.account || seen.tags[HOLD_TAG] === holdTag(hold))
      return { do: "wait", until: hold.until ?? Infinity, reason: `held by ${hold.by}: ${hold.why}` };
    return { do: "tag-hold", seen, hold };
  }
  if (image.stage === "deleting" && image.hold !== null) {
    if (image.wish === "restore") return { do: "restore-and-hold", hold: image.hold };
    // One that ended before anybody looked ends as every hold does: the public is told again, and has its days.
    return { do: "hold", hold: image.hold, from: "private" };
  }
  const from = image.stage === "deleting" ? "private" : holdable(image);
  if (from === null) return null;
  const tagged = seen.tags[HOLD_TAG];
  const byTag = tagged === undefined ? null : holdByTag(tagged, now);
  const hold = isInForce(look.composeHold, now) ? look.composeHold : byTag;
  return hold === null ? null : { do: "hold", hold: { ...hold, since: now }, from };
}

function planPrivate(image: Image, look: Look, seen: Seen, { now, periods }: Terms): Plan {
  if (!seen.isPublic && seen.tags[INTENT_TAG] === undefined && seen.tags[OLD_TAG] === undefined) {
    const reason = "already private when first looked at, and not by us";
    return { do: "keep", decision: { kind: "keep", rule: "not-ours", reason } };
  }
  // Nobody remembers that it was private, but for its tag: Redis was lost, and what was public again before that is held.
  if (seen.isPublic && seen.tags[PRIVATE_AT_TAG] !== undefined && image.takenAway === null && image.releasedAt === null)
    return { do: "hold", hold: publicAgain(now), from: "public" };
  if (look.unanswered.length > 0) {
    const reason = `its label has to be confirmed, and not yet heard of it: ${look.unanswered.join(", ")}`;
    // A source that says nothing for so long may say nothing for ever: somebody must be told.
    if (now >= image.privateAt + Math.min(DAY_MS, periods.privateAfterMs))
      return { do: "refuse", code: "unanswered", reason };
    return { do: "wait", until: now + ASK_AGAIN_MS, reason };
  }
  if (look.isNewest && image.takenAway === null) return { do: "wait", until: now + DAY_MS, reason: AMONG_NEWEST };
  if (!look.isWayBackOpen) {
    const reason = "Block Public Access is on in this region: what is made private could not be made public again";
    return { do: "refuse", code: "block-public-access", reason };
  }
  const elsewhere = usedElsewhere(image, look, { now, periods });
  if (elsewhere !== null) return elsewhere;
  // What is on record, or on a tag that outlived our memory, was taken before; what is open now is taken as well.
  const before = image.takenAway ?? takenByTags(seen, look.snapshotTags);
  const takeAway = {
    image: before.image || seen.isPublic,
    snapshots: [...new Set([...before.snapshots, ...look.publicSnapshotIds])],
  };
  const usedBy = look.elsewhere?.accounts ?? 0;
  return { do: "make-private", seen, takeAway, ...(usedBy > 0 && { usedBy }) };
}

/** Why an image waits for a word on who uses it in other accounts, or for its hold; null: it does not. What was begun goes on. */
function usedElsewhere(
  image: Image,
  { elsewhere }: Look,
  { now, periods }: Pick<Terms, "now" | "periods">,
): Plan | null {
  if (elsewhere === null || image.takenAway !== null) return null;
  if (elsewhere.isMany && image.releasedAt === null)
    return { do: "wait", until: now + ASK_AGAIN_MS, reason: "used in many other accounts: a person is to decide" };
  if (elsewhere.accounts !== null) return null;
  const reason = "EC2 was asked which other accounts use it, and has not answered yet";
  if (now >= image.privateAt + Math.min(DAY_MS, periods.privateAfterMs))
    return { do: "refuse", code: "usage-unknown", reason };
  return { do: "wait", until: now + ASK_AGAIN_MS, reason };
}

function publicAgain(now: Instant): Hold {
  return { by: "ticker", why: "somebody made it public again", since: now, until: null };
}

function planDelete(image: Image, seen: Seen, { now, periods }: Terms): Plan {
  if (seen.isPublic) return { do: "hold", hold: publicAgain(now), from: "public" };
  const isTold = image.noticedAt !== null && image.deleteAt !== null && image.deleteAt <= now;
  if (image.stage !== "deleting" && !isTold)
    return {
      do: "refuse",
      code: "no-notice",
      reason: "the notice to the public is not confirmed, or its days are not over",
    };
  const promisedAt = image.promisedAt ?? 0;
  // A post that was written again, since its process had died, may give a date that is later by as long as that took.
  if (image.stage !== "deleting" && promisedAt > now)
    return { do: "wait", until: promisedAt, reason: "the public reads a later date" };
  const privateAt = parseInstant(seen.tags[PRIVATE_AT_TAG] ?? "");
  if (privateAt === null || privateAt + periods.deleteAfterMs > now) {
    const reason = `its tag ${PRIVATE_AT_TAG} is missing, unreadable or too young`;
    return { do: "refuse", code: "no-private-at", reason };
  }
  return { do: "delete", seen, snapshotIds: [...new Set([...image.snapshotIds, ...seen.snapshotIds])] };
}

function refusalFor(image: Image, look: Look, seen: Seen, { guards }: Terms): (Plan & { do: "refuse" }) | null {
  const refuse = (code: RefusalCode, reason: string): Plan & { do: "refuse" } => ({ do: "refuse", code, reason });
  if (seen.ownerId !== guards.account)
    return refuse("account", `it belongs to account ${seen.ownerId}, not to ${guards.account}`);
  if (seen.state !== "available") return refuse("state", `its state in EC2 is ${seen.state}, not available`);
  const mismatch = nameMismatch(seen.name, image.composeId, image.imageName);
  if (mismatch !== null) return refuse("name", mismatch);
  const protection = protectionBy(guards.protectingTags, seen.tags);
  if (protection !== null) return refuse("protecting-tag", protection);
  // Only the one value that certainly means "not protected" lets it pass; "disabled after …" is a cooldown that still protects.
  if (seen.deregistrationProtection !== null && seen.deregistrationProtection !== "disabled")
    return refuse("protection", `deregistration protection is ${seen.deregistrationProtection}`);
  if (look.unusableGuard !== null) return refuse("guard-unusable", look.unusableGuard);
  const [user, ...more] = look.users;
  if (user !== undefined)
    return refuse("in-use", `it is used by ${user}${more.length === 0 ? "" : ` and ${more.length} more`}`);
  return null;
}
