import type { Difference } from "../domain/plan/differences.ts";
import { describeError, isOfNeighbour } from "../errors.ts";

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
    if (!isOfNeighbour(error)) throw error;
    await tell({ kind: "failed", region, what: describeError(error) });
  }
}
