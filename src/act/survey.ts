import { safeNow, checkAccount } from "./safety.ts";
import type { Consultation } from "../decide/consult.ts";
import { factsOf } from "../decide/word.ts";
import { classify, isByLabel, type Policy } from "../domain/compose/classify.ts";
import type { ComposeFacts } from "../domain/compose/facts.ts";
import type { Image, Stage } from "../domain/image/image.ts";
import { QUEUES, type Periods } from "../domain/image/lifecycle.ts";
import { streamOf } from "../domain/image/stream.ts";
import type { Seen, Look } from "../domain/plan/look.ts";
import { planFor, type Guards, type Planned } from "../domain/plan/plan.ts";
import { INTENT_TAG } from "../domain/plan/tags.ts";
import type { Instant } from "../domain/time.ts";
import { RefusedError } from "../errors.ts";
import type { Facts, Images, Schedule } from "../ports/index.ts";

export interface SurveyParts {
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly images: Images;
  readonly periods: Periods;
  readonly guards: Guards;
  readonly policy: Policy;
  readonly consultation: Consultation;
}

/** Everything that is known of a batch: plans, and the images whose look failed. */
export interface Survey {
  readonly planned: readonly Planned[];
  readonly failures: readonly Failure[];
}

interface Failure {
  readonly image: Image;
  readonly error: unknown;
  /** The look at the whole batch failed: it says nothing about this image. */
  readonly isShared: boolean;
}

/** What a pass would do now, without claiming, asking or changing anything. Throws `UpstreamError`. */
export async function planRegion(region: string, parts: SurveyParts, limit = 10_000): Promise<readonly Planned[]> {
  const now = await safeNow(parts);
  const queues = QUEUES.filter((queue) => queue !== "unresolved");
  const due = await Promise.all(queues.map((queue) => parts.schedule.due(region, queue, now, limit)));
  if (due.flat().length > 0) await checkAccount(parts);
  const { planned, failures } = await survey(region, due.flat(), now, parts);
  const [failure] = failures;
  if (failure !== undefined && planned.length === 0) throw failure.error;
  return planned;
}

/**
 * Asks the sources about the composes whose images would go private on the strength of a label: once a compose, before the
 * first of them does. Also about those of which nothing is known any more, because Redis has lost it.
 */
export async function consultFor(batch: readonly Image[], now: Instant, parts: SurveyParts): Promise<void> {
  const composesIn = (stage: Stage): Set<string> =>
    new Set(batch.filter((image) => image.stage === stage).map((image) => image.composeId));
  const going = composesIn("public");
  const known = await parts.facts.recall([...new Set([...going, ...composesIn("private")])]);
  const unsure = known.filter((facts) => {
    const decision = classify(facts, parts.policy);
    if (decision.kind === "unresolved") return true;
    return going.has(facts.composeId) && isByLabel(decision) && parts.consultation.unanswered(facts, now).length > 0;
  });
  await Promise.all(unsure.map((facts) => parts.consultation.about(facts.composeId)));
}

/** Reads facts and EC2 for a batch of one region, and plans each image. */
export async function survey(
  region: string,
  batch: readonly Image[],
  now: Instant,
  parts: SurveyParts,
): Promise<Survey> {
  const planned: Planned[] = [];
  const failures: Failure[] = [];
  if (batch.length === 0) return { planned, failures };
  try {
    const amiIds = batch.map((image) => image.amiId);
    const [known, seen] = await Promise.all([factsOf(batch, parts), parts.images.look(region, amiIds)]);
    const isWayBackOpen = batch.some((image) => image.stage === "public") && (await parts.images.isWayBackOpen(region));
    const use = await useOf(region, batch, seen, parts);
    for (const image of batch) {
      const facts = known.get(image.composeId);
      if (facts === undefined) continue;
      try {
        const look = await lookAt(image, facts, seen.get(image.amiId) ?? null, { now, isWayBackOpen, use, parts });
        const decision = classify(facts, parts.policy);
        planned.push({ image, plan: planFor(image, decision, look, { now, ...parts }) });
      } catch (error) {
        failures.push({ image, error, isShared: false });
      }
    }
    return { planned, failures };
  } catch (error) {
    return { planned: [], failures: batch.map((image) => ({ image, error, isShared: true })) };
  }
}

/** What of ours uses the images of a batch, or why nobody can tell. */
interface Use {
  readonly users: ReadonlyMap<string, readonly string[]>;
  readonly unusableGuard: string | null;
}

/** Asks who uses the images that may be acted on. A guard that the credentials may not use is told, or passed over. */
async function useOf(
  region: string,
  batch: readonly Image[],
  seen: ReadonlyMap<string, Seen>,
  { guards, images }: SurveyParts,
): Promise<Use> {
  // EC2 refuses the question for all when one image belongs to somebody else.
  const isOurs = (amiId: string): boolean => seen.get(amiId)?.ownerId === guards.account;
  const amiIds = batch
    .filter(({ stage, amiId }) => (stage === "public" || stage === "private") && isOurs(amiId))
    .map(({ amiId }) => amiId);
  if (!guards.inUse || amiIds.length === 0) return { users: new Map(), unusableGuard: null };
  try {
    return { users: await images.usersOf(region, amiIds), unusableGuard: null };
  } catch (error) {
    if (!(error instanceof RefusedError) || error.code !== "guard-unusable") throw error;
    return { users: new Map(), unusableGuard: guards.unusable === "pass" ? null : error.message };
  }
}

async function lookAt(
  image: Image,
  facts: ComposeFacts,
  seen: Seen | null,
  at: { readonly now: Instant; readonly isWayBackOpen: boolean; readonly use: Use; readonly parts: SurveyParts },
): Promise<Look> {
  const { now, isWayBackOpen, use, parts } = at;
  const { images, consultation } = parts;
  const isOpen = image.stage === "public" && seen !== null;
  const publicSnapshotIds = isOpen ? await images.publicSnapshots(image.region, seen.snapshotIds) : [];
  const unanswered = isByLabel(classify(facts, parts.policy)) ? consultation.unanswered(facts, now) : [];
  return {
    ...{ seen, publicSnapshotIds, isWayBackOpen, unanswered, composeHold: facts.hold },
    snapshotTags: await lostMemory(image, seen, parts),
    isNewest: await isNewest(image, parts),
    users: use.users.get(image.amiId) ?? [],
    unusableGuard: use.unusableGuard,
  };
}

/** The tags of an image's snapshots, where we have, or may have, begun, and no record says what was taken. */
async function lostMemory(image: Image, seen: Seen | null, { images }: SurveyParts): Promise<Look["snapshotTags"]> {
  const mayHaveBegun = image.stage === "restoring" || seen?.tags[INTENT_TAG] !== undefined;
  if (image.takenAway !== null || seen === null || !mayHaveBegun) return {};
  const snapshots = await images.snapshotsOf(image.region, image.amiId);
  return Object.fromEntries(snapshots.map(({ snapshotId, tags }) => [snapshotId, tags]));
}

async function isNewest(image: Image, { schedule, policy }: SurveyParts): Promise<boolean> {
  if (policy.keepNewest === 0 || image.stage !== "public") return false;
  const stream = streamOf(image);
  if (stream === null) return false;
  return (await schedule.newest(image.region, stream, policy.keepNewest)).includes(image.composeId);
}
