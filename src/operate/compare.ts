import { safeNow } from "../act/safety.ts";
import { isAmiId, type Image } from "../domain/image/image.ts";
import { disagreements, IMAGE_MARKS, leaked, mendingOf, stillThere } from "../domain/plan/differences.ts";
import type { Found } from "../domain/plan/found.ts";
import type { Seen, SeenSnapshot } from "../domain/plan/look.ts";
import type { Guards } from "../domain/plan/plan.ts";
import { IMAGE_TAG } from "../domain/plan/tags.ts";
import { enter, type Enterer, type Lost } from "./enter.ts";
import type { Images } from "../ports/index.ts";
import type { Tell } from "./told.ts";

/** Who holds records and EC2 against each other; what has no record is entered. */
export interface Reconciler extends Enterer {
  readonly images: Images;
  readonly guards: Guards;
}

type RecordReconciler = Pick<Reconciler, "schedule" | "images" | "guards" | "periods" | "isApplied">;

/** Holds records against what EC2 shows of their images. As all below, throws `UpstreamError`, `RefusedError`. */
export async function compareRecords(
  region: string,
  records: readonly Image[],
  { schedule, images, guards, periods, isApplied }: RecordReconciler,
  tell: Tell,
): Promise<void> {
  const amiIds = records.map(({ amiId }) => amiId);
  const seen = await images.look(region, amiIds);
  for (const image of records) {
    const shown = seen.get(image.amiId) ?? null;
    const found = disagreements(image, shown, guards.account);
    // What was written since it was read is under way.
    if (found.length === 0 || (await schedule.get(region, image.amiId))?.revision !== image.revision) continue;
    const isMended = isApplied && shown !== null && (await mend(image, shown, { schedule, guards, periods }));
    for (const difference of found) await tell({ ...difference, isMended: isMended && difference.kind === "taken" });
  }
}

async function mend(
  image: Image,
  seen: Seen,
  { schedule, guards, periods }: Pick<Reconciler, "schedule" | "guards" | "periods">,
): Promise<boolean> {
  const change = mendingOf(image, seen, guards.account, periods, await safeNow({ schedule }));
  return change !== null && schedule.change(image, change);
}

/** Holds images that carry our marks in EC2 against their records. */
export async function compareImages(
  region: string,
  batch: readonly Seen[],
  { images, ...enterer }: Omit<Reconciler, "guards">,
  tell: Tell,
): Promise<void> {
  const lost: Lost[] = [];
  for (const seen of batch) {
    const image = await enterer.schedule.get(region, seen.amiId);
    if (image === null) lost.push({ region, seen, snapshotTags: await snapshotTagsOf(region, seen.amiId, images) });
    else if (isOver(image) && (await images.isKnown(region, seen.amiId)) === true)
      await tell({ ...stillThere(image), isMended: false });
  }
  await enter(region, lost, enterer, tell);
}

/** Holds snapshots that carry our marks against the records of their images. */
export async function compareSnapshots(
  region: string,
  batch: readonly SeenSnapshot[],
  { images, ...enterer }: Omit<Reconciler, "guards">,
  tell: Tell,
): Promise<void> {
  const ownerOf = ({ tags }: SeenSnapshot): string => tags[IMAGE_TAG] ?? "";
  const amiIds = [...new Set(batch.map(ownerOf).filter(isAmiId))];
  const seen = await images.look(region, amiIds);
  const lost: Lost[] = [];
  for (const snapshot of batch) {
    const amiId = ownerOf(snapshot);
    const image = await enterer.schedule.get(region, amiId);
    const shown = seen.get(amiId);
    if (shown === undefined) {
      const isLeft = (image === null || isOver(image)) && (await isLeaked(region, amiId, snapshot, images));
      if (isLeft) await tell({ ...leaked(region, amiId, snapshot, image), isMended: false });
    } else if (image === null && !IMAGE_MARKS.some((key) => shown.tags[key] !== undefined)) {
      // Its image was never tagged: a death between the two. The first of its snapshots speaks for all.
      const snapshotTags = await snapshotTagsOf(region, amiId, images);
      if (Object.keys(snapshotTags).sort()[0] === snapshot.snapshotId) lost.push({ region, seen: shown, snapshotTags });
    }
  }
  await enter(region, lost, enterer, tell);
}

async function isLeaked(
  region: string,
  amiId: string,
  { snapshotId }: SeenSnapshot,
  images: Pick<Images, "isKnown" | "imagesOn">,
): Promise<boolean> {
  if (isAmiId(amiId) && (await images.isKnown(region, amiId)) === true) return false;
  const standing = (await images.imagesOn(region, [snapshotId])).get(snapshotId) ?? [];
  return standing.every((id) => id === amiId);
}

function isOver({ stage }: Image): boolean {
  return stage === "deleted" || stage === "gone";
}

async function snapshotTagsOf(
  region: string,
  amiId: string,
  images: Pick<Images, "snapshotsOf">,
): Promise<Found["snapshotTags"]> {
  const snapshots = await images.snapshotsOf(region, amiId);
  return Object.fromEntries(snapshots.map(({ snapshotId, tags }) => [snapshotId, tags]));
}
