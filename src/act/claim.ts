import type { Image } from "../domain/image/image.ts";
import type { Clock, Lease, MayCall, Schedule } from "../ports/index.ts";

/**
 * The claim went to somebody else, a person held the image, or the lease is nearly over: nothing more is done. It never
 * leaves this folder.
 */
export class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/** A call that is under way when the lease ends could meet the next claim's; so none begins this late. */
const LEASE_MARGIN = 0.2;

/** For every mutating call of an act: it goes out only if the claim still stands when its turn has come. Throws `ClaimLost`. */
export function whileClaimed(
  image: Image,
  lease: Lease,
  { schedule, clock }: { readonly schedule: Pick<Schedule, "mayAct">; readonly clock: Pick<Clock, "now"> },
): MayCall {
  const lastStart = lease.until - (lease.until - lease.now) * LEASE_MARGIN;
  return async () => {
    if (clock.now() > lastStart || !(await schedule.mayAct(image))) throw new ClaimLost();
  };
}
