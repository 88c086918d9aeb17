import { DAY_MS, type Instant } from "../domain/time.ts";
import type { Clock, Images } from "../ports/index.ts";

/** How long an answer stands for one that would be the same: nothing is done on its strength. */
const STANDS_MS = DAY_MS;

/**
 * The same port for plans that are only printed: who may use a snapshot takes a call each, and is asked once a day. Never for an
 * act, which looks at everything right before.
 */
export function rememberSnapshots(images: Images, clock: Pick<Clock, "now">): Images {
  const answers = new Map<string, { readonly at: Instant; readonly isPublic: boolean }>();
  let prunedAt = clock.now();
  const publicSnapshots: Images["publicSnapshots"] = async (region, snapshotIds) => {
    const now = clock.now();
    if (now - prunedAt >= STANDS_MS) {
      for (const [key, { at }] of answers) if (now - at >= STANDS_MS) answers.delete(key);
      prunedAt = now;
    }
    const keyOf = (snapshotId: string): string => `${region} ${snapshotId}`;
    const stands = (snapshotId: string): boolean => now - (answers.get(keyOf(snapshotId))?.at ?? -Infinity) < STANDS_MS;
    const fresh = snapshotIds.filter((snapshotId) => !stands(snapshotId));
    const open = fresh.length === 0 ? [] : await images.publicSnapshots(region, fresh);
    for (const snapshotId of fresh) answers.set(keyOf(snapshotId), { at: now, isPublic: open.includes(snapshotId) });
    return snapshotIds.filter((snapshotId) => answers.get(keyOf(snapshotId))?.isPublic);
  };
  return new Proxy(images, {
    get: (target, name) => (name === "publicSnapshots" ? publicSnapshots : (Reflect.get(target, name) as unknown)),
  });
}
