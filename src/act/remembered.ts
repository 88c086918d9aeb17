import { DAY_MS, HOUR_MS, type Instant } from "../domain/time.ts";
import type { Clock, Images } from "../ports/index.ts";

/** How long an answer stands for one that would be the same: nothing is done on its strength. */
const STANDS_MS = { publicSnapshots: DAY_MS, snapshots: HOUR_MS, usersOf: HOUR_MS } as const;

/**
 * The same port for plans that are only printed: who may use a snapshot, what it is tagged with and what uses an image take a call
 * each, or for ten, and are asked once a day or hour. Never for an act, which looks at everything right before.
 */
export function rememberAnswers(images: Images, clock: Pick<Clock, "now">): Images {
  const open = new Answers<boolean>(clock, STANDS_MS.publicSnapshots);
  const shown = new Answers<Awaited<ReturnType<Images["snapshots"]>>[number] | null>(clock, STANDS_MS.snapshots);
  const users = new Answers<readonly string[]>(clock, STANDS_MS.usersOf);
  const remembered: Pick<Images, keyof typeof STANDS_MS> = {
    publicSnapshots: async (region, snapshotIds) => {
      const found = await open.of(region, snapshotIds, async (fresh) => {
        const isPublic = new Set(await images.publicSnapshots(region, fresh));
        return (snapshotId) => isPublic.has(snapshotId);
      });
      return snapshotIds.filter((_, index) => found[index]);
    },
    snapshots: async (region, snapshotIds) => {
      const found = await shown.of(region, snapshotIds, async (fresh) => {
        const there = new Map((await images.snapshots(region, fresh)).map((each) => [each.snapshotId, each]));
        return (snapshotId) => there.get(snapshotId) ?? null;
      });
      return found.filter((each) => each !== null);
    },
    usersOf: async (region, amiIds) => {
      const found = await users.of(region, amiIds, async (fresh) => {
        const using = await images.usersOf(region, fresh);
        return (amiId) => using.get(amiId) ?? [];
      });
      const all = amiIds.map((amiId, index) => [amiId, found[index] ?? []] as const);
      return new Map(all.filter(([, using]) => using.length > 0));
    },
  };
  return new Proxy(images, {
    get: (target, name) => Reflect.get(name in remembered ? remembered : target, name) as unknown,
  });
}

/** Answers about ids, each for as long as it stands; what does not stand any more is forgotten. */
class Answers<T> {
  readonly #clock: Pick<Clock, "now">;
  readonly #standsMs: number;
  readonly #known = new Map<string, { readonly at: Instant; readonly answer: T }>();
  #prunedAt: Instant;

  constructor(clock: Pick<Clock, "now">, standsMs: number) {
    this.#clock = clock;
    this.#standsMs = standsMs;
    this.#prunedAt = clock.now();
  }

  /** In the order of the ids; `ask` is given those that are not known, if there are any. */
  async of(
    region: string,
    ids: readonly string[],
    ask: (fresh: readonly string[]) => Promise<(id: string) => T>,
  ): Promise<readonly T[]> {
    const now = this.#clock.now();
    if (now - this.#prunedAt >= this.#standsMs) {
      for (const [key, { at }] of this.#known) if (now - at >= this.#standsMs) this.#known.delete(key);
      this.#prunedAt = now;
    }
    const standing = ids.map((id) => this.#known.get(`${region} ${id}`));
    const isFresh = (known: (typeof standing)[number]): boolean =>
      known === undefined || now - known.at >= this.#standsMs;
    const fresh = ids.filter((_, index) => isFresh(standing[index]));
    const answerOf = fresh.length === 0 ? null : await ask(fresh);
    return ids.map((id, index) => {
      const known = standing[index];
      if (known !== undefined && !isFresh(known)) return known.answer;
      const answer = (answerOf as (id: string) => T)(id);
      this.#known.set(`${region} ${id}`, { at: now, answer });
      return answer;
    });
  }
}
