import type { Image } from "../domain/image/image.ts";
import type { Periods } from "../domain/image/lifecycle.ts";
import type { Clock, Images, Lease, MayCall, Schedule } from "../ports/index.ts";

/** What an act needs: the claimed image, its lease, and the two sides that it keeps in step. */
export interface ActParts {
  readonly images: Images;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly lease: Lease;
  readonly periods: Periods;
}

/** `lost`: the claim went to somebody else, a person held the image, or the lease is nearly over; nothing more was done. */
export type Acted = "settled" | "lost";

/** What an act is given: a mutating call goes out only if the claim still stands when its turn has come. */
type Step = (call: (mayCall: MayCall) => Promise<unknown>) => Promise<boolean>;

/** The claim went while a call waited for its turn; it never leaves this file. */
class ClaimLost extends Error {
  override readonly name = "ClaimLost";
}

/** A call that is under way when the lease ends could meet the next claim's; so none begins this late. */
const LEASE_MARGIN = 0.2;

export function stepsOf(image: Image, { schedule, clock, lease }: ActParts): Step {
  const lastStart = lease.until - (lease.until - lease.now) * LEASE_MARGIN;
  const mayCall: MayCall = async () => {
    if (clock.now() > lastStart || !(await schedule.mayAct(image))) throw new ClaimLost();
  };
  return async (call) => {
    try {
      await call(mayCall);
      return true;
    } catch (error) {
      if (error instanceof ClaimLost) return false;
      throw error;
    }
  };
}
