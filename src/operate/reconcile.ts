import { checkAccount, safeNow } from "../act/safety.ts";
import { IMAGE_MARKS, SNAPSHOT_MARKS } from "../domain/plan/differences.ts";
import { compareImages, compareRecords, compareSnapshots, type Reconciler } from "./compare.ts";
import { comparePlaces, type PlaceReconciler } from "./places.ts";
import type { Images, Schedule } from "../ports/index.ts";
import { orTell, type Tell } from "./told.ts";

/** EC2 shows at most so many images for one question by id. */
const BATCH = 200;

/**
 * Compares Redis and EC2 in these regions, or in all that either knows, page by page: what differs is told as it is found. A
 * region that fails is told, and stops no other. Throws `UpstreamError` for wrong credentials, clocks that differ, and Redis.
 */
export async function reconcile(
  wanted: readonly string[] | null,
  reconciler: PlaceReconciler,
  tell: Tell,
): Promise<readonly string[]> {
  await checkAccount(reconciler);
  await safeNow(reconciler);
  const regions = wanted ?? (await regionsOf(reconciler, tell));
  await comparePlaces(regions, reconciler, tell);
  await Promise.all(regions.map((region) => orTell(region, () => reconcileRegion(region, reconciler, tell), tell)));
  return regions;
}

/** After a total loss Redis knows no region: so EC2 is asked for those of the account. */
async function regionsOf(
  { schedule, images }: { readonly schedule: Pick<Schedule, "regions">; readonly images: Pick<Images, "regions"> },
  tell: Tell,
): Promise<readonly string[]> {
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

async function reconcileRegion(region: string, reconciler: Reconciler, tell: Tell): Promise<void> {
  const { schedule, images } = reconciler;
  // Records first: what is entered below agrees with EC2 by its making.
  for await (const page of schedule.live(region)) await compareRecords(region, page, reconciler, tell);
  for await (const batch of batchesOf(images.tagged(region, IMAGE_MARKS)))
    await compareImages(region, batch, reconciler, tell);
  for await (const batch of batchesOf(images.taggedSnapshots(region, SNAPSHOT_MARKS)))
    await compareSnapshots(region, batch, reconciler, tell);
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
