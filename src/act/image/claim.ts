import type { Image } from "../../domain/image/image.ts";
import type { Instant } from "../../domain/time.ts";
import type { Clock, Heard, Lease, MayCall, Schedule } from "../../ports/index.ts";

/** A lease, and what the act stands on. */
export interface ActLease extends Lease {
  /** What was heard when nothing spoke against the act; null: it may go on whatever was heard. */
  readonly heard: Pick<Heard, "isStill"> | null;
}

/**
 * The claim went to somebody else, a person held the image, the lease is nearly over, or Redis may have lost what speaks against
 * the act: nothing more is done. It never leaves this folder.
 */
export class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/** A call that is under way when the lease ends could meet the next claim's; so none begins this late. */
const LEASE_MARGIN = 0.2;

/** When the last call of a lease begins. */
export function lastStartOf({ now, until }: Lease): Instant {
  return until - (until - now) * LEASE_MARGIN;
}

/** For every mutating call of an act: it goes out only if the claim still stands when its turn has come. Throws `ClaimLost`. */
export function whileClaimed(
  image: Image,
  lease: ActLease,
  { schedule, clock }: { readonly schedule: Pick<Schedule, "mayAct">; readonly clock: Pick<Clock, "now"> },
): MayCall {
  const lastStart = lastStartOf(lease);
  return async () => {
    if (clock.now() > lastStart || !(await schedule.mayAct(image))) throw new ClaimLost();
    // Asked last: what Redis said of the claim counts only if it is still the one that everything was heard in.
    if (lease.heard !== null && !(await lease.heard.isStill())) throw new ClaimLost();
  };
}
