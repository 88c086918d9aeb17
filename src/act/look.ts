import { askApart, type Apart } from "./apart.ts";
import type { RegionBreakers } from "./breakers.ts";
import type { Consultation } from "../decide/consult.ts";
import { classify, isByLabel, type Policy } from "../domain/compose/classify.ts";
import type { ComposeFacts } from "../domain/compose/facts.ts";
import { elsewhereOf, type UsageRecord } from "../domain/elsewhere/usage.ts";
import type { Image } from "../domain/image/image.ts";
import { streamOf } from "../domain/image/stream.ts";
import type { Look, Seen } from "../domain/plan/look.ts";
import type { Guards } from "../domain/plan/plan.ts";
import { INTENT_TAG } from "../domain/plan/tags.ts";
import type { Instant } from "../domain/time.ts";
import { RefusedError } from "../errors.ts";
import type { Images, Schedule } from "../ports/index.ts";

/** What one question told of a whole batch. */
interface OfBatch {
  readonly now: Instant;
  readonly isWayBackOpen: boolean;
  readonly use: Use;
  /** What is remembered of their use in other accounts; null: nobody asks. */
  readonly usage: { readonly known: ReadonlyMap<string, UsageRecord>; readonly keepFrom: number } | null;
}

/** What of ours uses the images of a batch, or why nobody can tell: of one of them, or of any. */
interface Use {
  readonly users: ReadonlyMap<string, readonly string[]>;
  readonly failed: Apart<unknown>["failed"];
  readonly unusableGuard: string | null;
}

/** Looks at a batch in EC2. Throws `UpstreamError`, `RefusedError` where that fails for all of it. */
export function seenOf(
  region: string,
  batch: readonly Image[],
  { images, breakers }: { readonly images: Pick<Images, "look">; readonly breakers: Pick<RegionBreakers, "apart"> },
): Promise<Apart<Seen>> {
  const amiIds = batch.map(({ amiId }) => amiId);
  return askApart(
    amiIds,
    (ids) => images.look(region, ids),
    (work) => breakers.apart(region, work),
  );
}

/**
 * Asks who uses the images that may be acted on. A guard that the credentials may not use is told, or passed over; of an image
 * that EC2 shows and does not know when it is asked who uses it, nobody can tell. Throws `UpstreamError`, `RefusedError`.
 */
export async function useOf(
  region: string,
  batch: readonly Image[],
  seen: ReadonlyMap<string, Seen>,
  {
    guards,
    images,
    breakers,
  }: {
    readonly guards: Guards;
    readonly images: Pick<Images, "usersOf">;
    readonly breakers: Pick<RegionBreakers, "apart">;
  },
): Promise<Use> {
  const amiIds = batch.filter((image) => isAskedFor(image, seen, guards)).map(({ amiId }) => amiId);
  if (!guards.inUse || amiIds.length === 0) return { users: new Map(), failed: new Map(), unusableGuard: null };
  try {
    const { found, failed } = await askApart(
      amiIds,
      (ids) => images.usersOf(region, ids),
      (work) => breakers.apart(region, work),
    );
    return { users: found, failed, unusableGuard: null };
  } catch (error) {
    if (!(error instanceof RefusedError) || error.code !== "guard-unusable") throw error;
    return { users: new Map(), failed: new Map(), unusableGuard: guards.unusable === "pass" ? null : error.message };
  }
}

/** EC2 refuses the question for all when one image belongs to somebody else, or is no more. */
function isAskedFor(
  { stage, amiId }: Image,
  seen: ReadonlyMap<string, Seen>,
  { account }: Pick<Guards, "account">,
): boolean {
  const shown = seen.get(amiId);
  return (stage === "public" || stage === "private") && shown?.ownerId === account && shown.state !== "deregistered";
}

/** Reads what else must be known of one image right before acting. Throws `UpstreamError`, `RefusedError`. */
export async function lookAt(
  image: Image,
  facts: ComposeFacts,
  seen: Seen | null,
  { now, isWayBackOpen, use, usage }: OfBatch,
  {
    images,
    schedule,
    policy,
    consultation,
  }: {
    readonly images: Pick<Images, "publicSnapshots" | "snapshots">;
    readonly schedule: Pick<Schedule, "newest">;
    readonly policy: Policy;
    readonly consultation: Pick<Consultation, "unanswered">;
  },
): Promise<Look> {
  const isOpen = image.stage === "public" && seen !== null;
  const publicSnapshotIds = isOpen ? await images.publicSnapshots(image.region, seen.snapshotIds) : [];
  return {
    seen,
    publicSnapshotIds,
    isWayBackOpen,
    unanswered: isByLabel(classify(facts, policy)) ? consultation.unanswered(facts, now) : [],
    composeHold: facts.hold,
    snapshotTags: await marksOf(image, seen, images),
    isNewest: await isNewest(image, policy.keepNewest, schedule),
    users: use.users.get(image.amiId) ?? [],
    elsewhere:
      usage === null || !isOpen ? null : elsewhereOf(usage.known.get(image.amiId) ?? null, now, usage.keepFrom),
    unusableGuard: use.unusableGuard,
  };
}

/**
 * The tags of an image's snapshots, where something is to be given back, which may have been taken for another image that stands
 * on them; and where we have begun, and no record says what was taken.
 */
async function marksOf(
  { stage, region, takenAway }: Image,
  seen: Seen | null,
  images: Pick<Images, "snapshots">,
): Promise<Look["snapshotTags"]> {
  if (seen === null || seen.snapshotIds.length === 0) return {};
  const isLost = takenAway === null && seen.tags[INTENT_TAG] !== undefined;
  if (stage !== "restoring" && !isLost) return {};
  const snapshots = await images.snapshots(region, seen.snapshotIds);
  return Object.fromEntries(snapshots.map(({ snapshotId, tags }) => [snapshotId, tags]));
}

async function isNewest(image: Image, keepNewest: number, schedule: Pick<Schedule, "newest">): Promise<boolean> {
  if (keepNewest === 0 || image.stage !== "public") return false;
  const stream = streamOf(image);
  if (stream === null) return false;
  return (await schedule.newest(image.region, stream, keepNewest)).includes(image.composeId);
}
