import { type ActParts, type Acted, stepsOf } from "./steps.ts";
import type { Image } from "../domain/image/image.ts";
import { draft, type Change } from "../domain/image/lifecycle.ts";
import type { Seen } from "../domain/plan/look.ts";
import { SECOND_MS } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { MayCall } from "../ports/index.ts";

const IN_USE_RETRIES = 5;

/**
 * Deletes an image and every snapshot of every block device: first the record says so, with all snapshot ids, then the image
 * goes, then the snapshots, then one outcome with a result for each. Throws `UpstreamError` with the leftovers still due.
 */
export async function deleteImage(
  image: Image,
  seen: Seen | null,
  snapshotIds: readonly string[],
  parts: ActParts,
): Promise<Acted> {
  const { images, schedule, clock, lease } = parts;
  const { region, amiId } = image;
  const step = stepsOf(image, parts);
  if (image.stage !== "deleting") {
    const begin: Change = {
      stage: "deleting",
      wait: { queue: "delete", wakeAt: lease.until },
      fields: { snapshotIds },
      event: draft("deleting", clock.now(), "ticker", image.reason),
    };
    if (!(await schedule.settle(image, begin, { keepClaim: true }))) return "lost";
  }
  if (seen?.state === "available" && !(await step((mayCall) => images.deregister(region, amiId, mayCall))))
    return "lost";
  const results: Record<string, string> = {};
  for (const snapshotId of snapshotIds) {
    if (
      !(await step(async (mayCall) => (results[snapshotId] = await deleteSnapshot(image, snapshotId, parts, mayCall))))
    )
      return "lost";
  }
  const change: Change = {
    stage: "deleted",
    wait: null,
    fields: { attempts: 0, lastError: "" },
    event: draft("deleted", clock.now(), "ticker", image.reason, {
      ec2_name: seen?.name ?? "",
      gib: String(seen?.sizeGiB ?? ""),
      snapshots: JSON.stringify(results),
    }),
  };
  return (await schedule.settle(image, change, { irreversible: true })) ? "settled" : "lost";
}

/** Right after its image went, a snapshot is often still said to be in use: tried again, unless another image stands on it. */
async function deleteSnapshot(
  image: Image,
  snapshotId: string,
  { images, clock }: ActParts,
  mayCall: MayCall,
): Promise<string> {
  for (let attempt = 0; attempt < IN_USE_RETRIES; attempt += 1) {
    const result = await images.deleteSnapshot(image.region, snapshotId, mayCall);
    if (result !== "in-use") return result;
    const others = await images.imagesOnSnapshot(image.region, snapshotId, image.amiId);
    if (others.length > 0) return `kept: shared with ${others.join(", ")}`;
    await clock.sleep(SECOND_MS / 4 + attempt * SECOND_MS);
  }
  throw new UpstreamError(
    "ec2",
    "InvalidSnapshot.InUse",
    `${image.region} ${snapshotId} is still in use after its image ${image.amiId} went`,
  );
}
