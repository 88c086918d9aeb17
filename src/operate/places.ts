import { Counting } from "../act/counting.ts";
import { safeNow } from "../act/safety.ts";
import { ingestUploads } from "../decide/upload.ts";
import { forgotten, IMAGE_MARKS, misplaced } from "../domain/plan/differences.ts";
import type { Seen } from "../domain/plan/look.ts";
import { ceilSecond } from "../domain/time.ts";
import type { Counts, LostImage, Places } from "../ports/index.ts";
import type { Reconciler } from "./compare.ts";
import { orTell, type Tell } from "./told.ts";

/** Who holds records against queues and counts, and composes against records. */
export interface PlaceReconciler extends Reconciler {
  readonly places: Places;
  readonly counts: Omit<Counts, "read">;
}

/**
 * Walks over all records of these regions: each stands where its stage has it, and each image of a compose has one. With `isApplied`
 * all are counted anew.
 */
export async function comparePlaces(
  regions: readonly string[],
  reconciler: PlaceReconciler,
  tell: Tell,
): Promise<void> {
  const { places, counts, isApplied } = reconciler;
  const known = isApplied ? await reconciler.schedule.regions() : [];
  const counting = await Counting.begin(
    known.filter((region) => regions.includes(region)),
    counts,
  );
  let from: string | null = null;
  do {
    const walked: Awaited<ReturnType<Places["walk"]>> = await places.walk(from);
    for (const each of walked.misplaced) {
      if (!regions.includes(each.image.region)) continue;
      const isMended = isApplied && (await places.putRight(each));
      await tell({ ...misplaced(each.image, each.stands, each.isListed), isMended });
    }
    for (const region of regions) {
      const lost = walked.lost.filter((each) => each.region === region);
      if (lost.length > 0) await orTell(region, () => enterLost(region, lost, reconciler, tell), tell);
    }
    await counting.count(walked);
    from = walked.next;
  } while (from !== null);
}

/** What carries a tag of ours is found by that; the others enter as if they were announced now, with all of their days. */
async function enterLost(
  region: string,
  lost: readonly LostImage[],
  { images, guards, isApplied, ...decider }: PlaceReconciler,
  tell: Tell,
): Promise<void> {
  const seen = await images.look(
    region,
    lost.map(({ amiId }) => amiId),
  );
  for (const { amiId, composeId } of lost) {
    const shown = seen.get(amiId);
    if (shown === undefined || shown.ownerId !== guards.account || isMarked(shown)) continue;
    const uploadedAt = ceilSecond(await safeNow(decider));
    const upload = { region, amiId, composeId, imageName: null, arch: null, uploadedAt };
    const [fate] = isApplied ? await ingestUploads([upload], decider) : [];
    if (fate instanceof Error) throw fate;
    await tell({ ...forgotten(region, amiId, composeId), isMended: isApplied });
  }
}

function isMarked({ tags }: Seen): boolean {
  return IMAGE_MARKS.some((key) => tags[key] !== undefined);
}
