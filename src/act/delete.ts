import { ClaimLost } from "./claim.ts";
import type { Image } from "../domain/image/image.ts";
import { draft, type Change } from "../domain/image/lifecycle.ts";
import type { Plan } from "../domain/plan/plan.ts";
import { SECOND_MS } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { Clock, Images, Lease, MayCall, Schedule } from "../ports/index.ts";

const IN_USE_RETRIES = 5;

/**
 * Deletes an image and every snapshot of every block device: first the record says so, with all snapshot ids, then the image
 * goes, then the snapshots. Resolves to the outcome, with a result for each. Throws `UpstreamError` with the leftovers still
 * due, and `ClaimLost`.
 */
export async function deleteImage(
  image: Image,
  { seen, snapshotIds }: Plan & { do: "delete" },
  lease: Lease,
  mayCall: MayCall,
  {
    images,
    schedule,
    clock,
  }: { readonly images: Images; readonly schedule: Pick<Schedule, "settle">; readonly clock: Clock },
): Promise<Change> {
  const { region, amiId, reason } = image;
  if (image.stage !== "deleting") {
    const begin: Change = {
      stage: "deleting",
      wait: { queue: "delete", wakeAt: lease.until },
      fields: { snapshotIds },
      event: draft("deleting", clock.now(), "ticker", reason),
    };
    if (!(await schedule.settle(image, begin, { keepClaim: true }))) throw new ClaimLost();
  }
  if (seen?.state === "available") await images.deregister(region, amiId, mayCall);
  const results: Record<string, string> = {};
  for (const snapshotId of snapshotIds)
    results[snapshotId] = await deleteSnapshot(image, snapshotId, mayCall, { images, clock });
  return {
    stage: "deleted",
    wait: null,
    fields: { attempts: 0, lastError: "" },
    event: draft("deleted", clock.now(), "ticker", reason, {
      ec2_name: seen?.name ?? "",
      gib: String(seen?.sizeGiB ?? ""),
      snapshots: JSON.stringify(results),
    }),
  };
}

/** Right after its image went, a snapshot is often still said to be in use: tried again, unless another image stands on it. */
async function deleteSnapshot(
  { region, amiId }: Image,
  snapshotId: string,
  mayCall: MayCall,
  {
    images,
    clock,
  }: { readonly images: Pick<Images, "deleteSnapshot" | "imagesOnSnapshot">; readonly clock: Pick<Clock, "sleep"> },
): Promise<string> {
  for (let attempt = 0; attempt < IN_USE_RETRIES; attempt += 1) {
    const result = await images.deleteSnapshot(region, snapshotId, mayCall);
    if (result !== "in-use") return result;
    const others = await images.imagesOnSnapshot(region, snapshotId, amiId);
    if (others.length > 0) return `kept: shared with ${others.join(", ")}`;
    await clock.sleep(SECOND_MS / 4 + attempt * SECOND_MS);
  }
  throw new UpstreamError(
    "ec2",
    "InvalidSnapshot.InUse",
    `${region} ${snapshotId} is still in use after its image ${amiId} went`,
  );
}
