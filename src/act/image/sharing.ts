import type { Image } from "../../domain/image/image.ts";
import type { Seen } from "../../domain/plan/look.ts";
import { isBeingTaken, needsOpen, needsThere } from "../../domain/plan/sharing.ts";
import { ACT_TAGS, wasOpen } from "../../domain/plan/tags.ts";
import type { Images, MayCall, Schedule } from "../../ports/index.ts";

/** Another image that stands on a snapshot. */
interface Sharer {
  readonly amiId: string;
  readonly needsThere: boolean;
  readonly needsOpen: boolean;
}

/** By snapshot. */
export type Sharers = ReadonlyMap<string, readonly Sharer[]>;

/**
 * Who else stands on each of the snapshots: by what EC2 shows, and by what their records say at this moment. An image that was
 * just made private, and is not called so yet, counts as private.
 */
export async function sharersOf(
  { region, amiId }: Pick<Image, "region" | "amiId">,
  snapshotIds: readonly string[],
  {
    images,
    schedule,
  }: { readonly images: Pick<Images, "imagesOn" | "look">; readonly schedule: Pick<Schedule, "get"> },
): Promise<Sharers> {
  if (snapshotIds.length === 0) return new Map();
  const standing = await images.imagesOn(region, snapshotIds);
  const others = [...new Set([...standing.values()].flat())].filter((id) => id !== amiId);
  const records = new Map(await Promise.all(others.map(async (id) => [id, await schedule.get(region, id)] as const)));
  const begun = others.filter((id) => isBeingTaken(records.get(id) ?? null));
  const seen = begun.length === 0 ? new Map<string, Seen>() : await images.look(region, begun);
  const sharer = (id: string): Sharer => {
    const record = records.get(id) ?? null;
    const isClosed = seen.get(id)?.isPublic === false;
    return { amiId: id, needsThere: needsThere(record), needsOpen: needsOpen(record) && !isClosed };
  };
  return new Map(
    [...standing].map(([snapshotId, amiIds]) => [snapshotId, amiIds.filter((id) => id !== amiId).map(sharer)]),
  );
}

/**
 * Opens those of the snapshots again that were open before anything of ours was done, and drops our tags from them: an image
 * stands on them that is not to be touched. Throws `UpstreamError`, `RefusedError`, `ClaimLost`.
 */
export async function restoreSnapshots(
  { region, takenAway }: Pick<Image, "region" | "takenAway">,
  snapshotIds: readonly string[],
  mayCall: MayCall,
  images: Pick<Images, "snapshots" | "openSnapshot" | "untag">,
): Promise<void> {
  if (snapshotIds.length === 0) return;
  for (const { snapshotId, tags } of await images.snapshots(region, snapshotIds)) {
    const isTagged = ACT_TAGS.some((key) => tags[key] !== undefined);
    const isTaken = wasOpen(tags) || (isTagged && takenAway?.snapshots.includes(snapshotId) === true);
    if (isTaken) await images.openSnapshot(region, snapshotId, mayCall);
    if (isTagged) await images.untag(region, [snapshotId], ACT_TAGS, mayCall);
  }
}
