import { ClaimLost } from "./claim.ts";
import { restoreSnapshots, sharersOf, type Sharers } from "./sharing.ts";
import type { Image } from "../../domain/image/image.ts";
import { draft, type Change } from "../../domain/image/lifecycle.ts";
import type { Plan } from "../../domain/plan/plan.ts";
import { SECOND_MS } from "../../domain/time.ts";
import { describeError, isOfNeighbour, UpstreamError, type RefusedError } from "../../errors.ts";
import type { Clock, Images, Lease, MayCall, Schedule } from "../../ports/index.ts";

const IN_USE_RETRIES = 5;

/** Who deletes. */
interface Deleter {
  readonly images: Images;
  readonly schedule: Pick<Schedule, "settle" | "get">;
  readonly clock: Clock;
}

/**
 * Deletes an image and every snapshot of every block device: first the record says so, with all snapshot ids, then the image
 * goes, then the snapshots, each tried whatever became of the others. `mayEnd` is asked before the image goes, `mayCall` before
 * each snapshot does. Resolves to the outcome, with a result for each. Throws
 * `UpstreamError` and `RefusedError` with the leftovers still due and the results on record, and `ClaimLost`.
 */
export async function deleteImage(
  image: Image,
  { seen, snapshotIds }: Plan & { do: "delete" },
  lease: Lease,
  { mayCall, mayEnd }: { readonly mayCall: MayCall; readonly mayEnd: MayCall },
  deleter: Deleter,
): Promise<Change> {
  const { region, amiId, reason } = image;
  const { images, schedule, clock } = deleter;
  const underWay = { stage: "deleting", wait: { queue: "delete", wakeAt: lease.until } } as const;
  const isBegun = image.stage === "deleting";
  if (!isBegun || snapshotIds.some((id) => !image.snapshotIds.includes(id))) {
    const event = isBegun ? null : draft("deleting", clock.now(), "ticker", reason);
    const begin: Change = { ...underWay, fields: { snapshotIds }, event };
    if (!(await schedule.settle(image, begin, { keepClaim: true }))) throw new ClaimLost();
  }
  if (seen?.state === "available") await images.deregister(region, amiId, mayEnd);
  if (seen === null && (await images.isKnown(region, amiId)) === true) throw hidden(image);
  const { snapshotResults, failure } = await deleteSnapshots(image, snapshotIds, mayCall, deleter);
  if (failure !== null) {
    const change: Change = { ...underWay, fields: { snapshotResults }, event: null };
    if (!(await schedule.settle(image, change, { keepClaim: true }))) throw new ClaimLost();
    throw failure;
  }
  return {
    stage: "deleted",
    wait: null,
    fields: { snapshotResults, attempts: 0, lastError: "" },
    event: draft("deleted", clock.now(), "ticker", reason, {
      ec2_name: seen?.name ?? "",
      gib: String(seen?.sizeGiB ?? ""),
      snapshots: JSON.stringify(snapshotResults),
    }),
  };
}

/** No list shows it, and EC2 knows it: its snapshots are not to go before it. */
function hidden({ region, amiId }: Image): UpstreamError {
  const words = `${region} ${amiId} is being deleted, and EC2 knows it by its id, but does not list it: are Allowed AMIs set?`;
  return new UpstreamError("ec2", "hidden", words, { scope: "image" });
}

/** What became of each snapshot, earlier attempts included, and the failure that is the soonest to be tried again. */
async function deleteSnapshots(
  image: Image,
  snapshotIds: readonly string[],
  mayCall: MayCall,
  deleter: Deleter,
): Promise<Pick<Image, "snapshotResults"> & { readonly failure: UpstreamError | RefusedError | null }> {
  const snapshotResults: Record<string, string> = { ...image.snapshotResults };
  const failures: (UpstreamError | RefusedError)[] = [];
  const standing = snapshotIds.filter((id) => !["deleted", "gone"].includes(snapshotResults[id] ?? ""));
  let sharers: Sharers | null = null;
  for (const snapshotId of standing) {
    try {
      sharers ??= await sharersOf(image, standing, deleter);
      snapshotResults[snapshotId] = await deleteSnapshot(image, snapshotId, sharers, mayCall, deleter);
    } catch (error) {
      if (!isOfNeighbour(error)) throw error;
      snapshotResults[snapshotId] = `left: ${describeError(error)}`;
      failures.push(error);
    }
  }
  const failure = failures.find((error) => error instanceof UpstreamError) ?? failures[0] ?? null;
  return { snapshotResults, failure };
}

/**
 * A snapshot that another image stands on stays, as open as it was before us; `known`: who stood on it a moment ago. Right after
 * its own image went, EC2 often says still that it is in use: tried again.
 */
async function deleteSnapshot(
  image: Image,
  snapshotId: string,
  known: Sharers,
  mayCall: MayCall,
  { images, schedule, clock }: Deleter,
): Promise<string> {
  const { region, amiId } = image;
  for (let attempt = 0; attempt < IN_USE_RETRIES; attempt += 1) {
    const sharers = attempt === 0 ? known : await sharersOf(image, [snapshotId], { images, schedule });
    const others = (sharers.get(snapshotId) ?? []).filter(({ needsThere }) => needsThere);
    if (others.some(({ needsOpen }) => needsOpen)) await restoreSnapshots(image, [snapshotId], mayCall, images);
    if (others.length > 0) return `kept: shared with ${others.map((other) => other.amiId).join(", ")}`;
    const result = await images.deleteSnapshot(region, snapshotId, mayCall);
    if (result !== "in-use") return result;
    await clock.sleep(SECOND_MS / 4 + attempt * SECOND_MS);
  }
  throw new UpstreamError(
    "ec2",
    "InvalidSnapshot.InUse",
    `${region} ${snapshotId} is still in use after its image ${amiId} went`,
  );
}
