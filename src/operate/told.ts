import type { Difference } from "../domain/plan/differences.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";

/** What a reconciling tells: a difference, and whether it is mended now; or a part of the account that could not be read. */
export type Told =
  | (Difference & { readonly isMended: boolean })
  | { readonly kind: "failed"; readonly region: string; readonly what: string };
export type Tell = (told: Told) => Promise<void>;

/** Does a piece of work of a region; that EC2 or the archive fails is told, and stops nothing else. Throws what Redis throws. */
export async function orTell(region: string, work: () => Promise<void>, tell: Tell): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isTold = error instanceof RefusedError || (error instanceof UpstreamError && error.service !== "redis");
    if (!isTold) throw error;
    await tell({ kind: "failed", region, what: describeError(error) });
  }
}
