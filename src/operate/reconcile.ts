import { checkAccount, safeNow } from "../act/safety.ts";
import { changeImage } from "../decide/change.ts";
import { classify, type Policy } from "../domain/compose/classify.ts";
import { holdOfCompose } from "../domain/image/holding.ts";
import { isAmiId, type Image } from "../domain/image/image.ts";
import { redecide, type Periods } from "../domain/image/lifecycle.ts";
import {
  disagreements,
  IMAGE_MARKS,
  leaked,
  mendingOf,
  SNAPSHOT_MARKS,
  stillThere,
  unrecorded,
  type Difference,
} from "../domain/plan/differences.ts";
import { composeByTags, entryOfFound, type Found, type FoundEntry } from "../domain/plan/found.ts";
import type { Seen, SeenSnapshot } from "../domain/plan/look.ts";
import type { Guards } from "../domain/plan/plan.ts";
import { IMAGE_TAG } from "../domain/plan/tags.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";
import { announcementsOf, type Announcements } from "./announcements.ts";
import type { Archive, Clock, Facts, Images, Log, Schedule } from "../ports/index.ts";

export interface ReconcileParts {
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly images: Images;
  /** Null: nobody can be asked for the composes of images that carry no tag with it. */
  readonly archive: Archive | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly periods: Periods;
  readonly guards: Guards;
  readonly policy: Policy;
  readonly environments: readonly string[];
  /** Whether found images get a record; otherwise nothing is written anywhere. */
  readonly isApplied: boolean;
}

/** What is told: a disagreement, and whether it is mended now; or a part of the account that could not be read. */
export type Told =
  | (Difference & { readonly isMended: boolean })
  | { readonly kind: "failed"; readonly region: string; readonly what: string };
export type Tell = (told: Told) => Promise<void>;

/** EC2 shows at most so many images for one question by id. */
const BATCH = 200;

/**
 * Compares Redis and EC2 in these regions, or in all that either knows, page by page: what differs is told as it is found. A
 * region that fails is told, and stops no other. Throws `UpstreamError` for wrong credentials, clocks that differ, and Redis.
 */
export async function reconcile(
  wanted: readonly string[] | null,
  parts: ReconcileParts,
  tell: Tell,
): Promise<readonly string[]> {
  await checkAccount(parts);
  await safeNow(parts);
  const regions = wanted ?? (await regionsOf(parts, tell));
  await Promise.all(regions.map((region) => orTell(region, () => reconcileRegion(region, parts, tell), tell)));
  return regions;
}

/** After a total loss Redis knows no region: so EC2 is asked for those of the account. */
async function regionsOf({ schedule, images }: ReconcileParts, tell: Tell): Promise<readonly string[]> {
  const known = await schedule.regions();
  let open: readonly string[] = [];
  await orTell(
    "",
    async () => {
      open = await images.regions();
    },
    tell,
  );
  return [...new Set([...known, ...open])].sort();
}

async function orTell(region: string, work: () => Promise<void>, tell: Tell): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isTold = error instanceof RefusedError || (error instanceof UpstreamError && error.service !== "redis");
    if (!isTold) throw error;
    await tell({ kind: "failed", region, what: describeError(error) });
  }
}

async function reconcileRegion(region: string, parts: ReconcileParts, tell: Tell): Promise<void> {
  // Records first: what is entered below agrees with EC2 by its making.
  for await (const page of parts.schedule.live(region)) await compareRecords(region, page, parts, tell);
  for await (const batch of batchesOf(parts.images.tagged(region, IMAGE_MARKS)))
    await compareImages(region, batch, parts, tell);
  for await (const batch of batchesOf(parts.images.taggedSnapshots(region, SNAPSHOT_MARKS)))
    await compareSnapshots(region, batch, parts, tell);
}

/** No more than one batch is held at a time. */
async function* batchesOf<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function compareRecords(
  region: string,
  records: readonly Image[],
  parts: ReconcileParts,
  tell: Tell,
): Promise<void> {
  const { schedule, images, guards } = parts;
  const amiIds = records.map(({ amiId }) => amiId);
  const seen = await images.look(region, amiIds);
  for (const image of records) {
    const shown = seen.get(image.amiId) ?? null;
    const found = disagreements(image, shown, guards.account);
    // What was written since it was read is under way.
    if (found.length === 0 || (await schedule.get(region, image.amiId))?.revision !== image.revision) continue;
    const isMended = shown !== null && (await mend(image, shown, parts));
    for (const finding of found) await tell({ ...finding, isMended: isMended && finding.kind === "taken" });
  }
}

async function mend(image: Image, seen: Seen, parts: ReconcileParts): Promise<boolean> {
  const { schedule, guards, periods, isApplied } = parts;
  const change = isApplied ? mendingOf(image, seen, guards.account, periods, await safeNow(parts)) : null;
  return change !== null && schedule.change(image, change);
}

async function compareImages(region: string, batch: readonly Seen[], parts: ReconcileParts, tell: Tell): Promise<void> {
  const { schedule, images } = parts;
  const lost: Omit<Found, "announced">[] = [];
  for (const seen of batch) {
    const image = await schedule.get(region, seen.amiId);
    if (image === null) lost.push({ region, seen, snapshotTags: await snapshotTagsOf(region, seen.amiId, parts) });
    else if (isOver(image) && (await images.isKnown(region, seen.amiId)))
      await tell({ ...stillThere(image), isMended: false });
  }
  await enter(region, lost, parts, tell);
}

async function compareSnapshots(
  region: string,
  batch: readonly SeenSnapshot[],
  parts: ReconcileParts,
  tell: Tell,
): Promise<void> {
  const { schedule, images } = parts;
  const ownerOf = ({ tags }: SeenSnapshot): string => tags[IMAGE_TAG] ?? "";
  const amiIds = [...new Set(batch.map(ownerOf).filter(isAmiId))];
  const seen = await images.look(region, amiIds);
  const lost: Omit<Found, "announced">[] = [];
  for (const snapshot of batch) {
    const amiId = ownerOf(snapshot);
    const image = await schedule.get(region, amiId);
    const shown = seen.get(amiId);
    if (shown === undefined) {
      const isLeft = (image === null || isOver(image)) && (await isLeaked(region, amiId, snapshot, parts));
      if (isLeft) await tell({ ...leaked(region, amiId, snapshot, image), isMended: false });
    } else if (image === null && !IMAGE_MARKS.some((key) => shown.tags[key] !== undefined)) {
      // Its image was never tagged: a death between the two. The first of its snapshots speaks for all.
      const snapshotTags = await snapshotTagsOf(region, amiId, parts);
      if (Object.keys(snapshotTags).sort()[0] === snapshot.snapshotId) lost.push({ region, seen: shown, snapshotTags });
    }
  }
  await enter(region, lost, parts, tell);
}

async function isLeaked(
  region: string,
  amiId: string,
  { snapshotId }: SeenSnapshot,
  { images }: ReconcileParts,
): Promise<boolean> {
  if (isAmiId(amiId) && (await images.isKnown(region, amiId))) return false;
  return (await images.imagesOnSnapshot(region, snapshotId, amiId)).length === 0;
}

function isOver({ stage }: Image): boolean {
  return stage === "deleted" || stage === "gone";
}

async function snapshotTagsOf(
  region: string,
  amiId: string,
  { images }: ReconcileParts,
): Promise<Found["snapshotTags"]> {
  const snapshots = await images.snapshotsOf(region, amiId);
  return Object.fromEntries(snapshots.map(({ snapshotId, tags }) => [snapshotId, tags]));
}

/** Gives images without a record one, or tells what it would be. */
async function enter(
  region: string,
  lost: readonly Omit<Found, "announced">[],
  parts: ReconcileParts,
  tell: Tell,
): Promise<void> {
  const nameless = lost.filter((found) => composeByTags(found) === null).map(({ seen }) => seen);
  const announcements = nameless.length === 0 ? null : await askArchive(region, nameless, parts, tell);
  for (const found of lost) {
    const { amiId } = found.seen;
    const at = await safeNow(parts);
    const entry = entryOfFound({ ...found, announced: announcements?.get(amiId) ?? null }, parts.periods, at);
    const finding = unrecorded(region, amiId, entry);
    if (entry === null || !parts.isApplied) await tell({ ...finding, isMended: false });
    else if (await adopt(entry, parts)) await tell({ ...finding, isMended: true });
  }
}

async function askArchive(
  region: string,
  images: readonly Seen[],
  { archive, environments }: ReconcileParts,
  tell: Tell,
): Promise<Announcements | null> {
  let found: Announcements | null = null;
  if (archive === null) return found;
  await orTell(
    region,
    async () => {
      found = await announcementsOf(region, images, { archive, environments });
    },
    tell,
  );
  return found;
}

/** False when a record has appeared meanwhile. Facts may be there already, and whoever writes second must see the first. */
async function adopt({ upload, entry }: FoundEntry, parts: ReconcileParts): Promise<boolean> {
  const { schedule, facts, periods, policy, log } = parts;
  const { region, amiId, composeId } = upload;
  if (!(await schedule.adopt(upload, entry))) return false;
  log.info({ region, ami: amiId, compose: composeId, stage: entry.stage }, "image entered again");
  // What is kept for a person has no compose that facts could be of.
  if (entry.fields.rule === "unresolved") return true;
  const [[known], image] = await Promise.all([facts.recall([composeId]), schedule.get(region, amiId)]);
  if (known === undefined || image === null) return true;
  const decision = classify(known, policy);
  await changeImage(image, (current, now) => redecide(current, decision, periods, now, "reconcile"), parts);
  await changeImage(image, (current, now) => holdOfCompose(current, known.hold, now), parts);
  return true;
}
