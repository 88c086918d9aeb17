import { setTimeout } from "node:timers/promises";
import { PREFIX, type Scene } from "../scene.ts";

const LOOK_EVERY_MS = 5;

/** Resolves to how many images of a region are scheduled, as soon as there are at least so many. */
export async function scheduled({ redis }: Pick<Scene, "redis">, region: string, atLeast: number): Promise<number> {
  for (;;) {
    const count = await redis.scard(`${PREFIX}:{${region}}:images`);
    if (count >= atLeast) return count;
    // Asked seldom, for the asking costs what is measured.
    await setTimeout(LOOK_EVERY_MS);
  }
}

/** Images of a region that are scheduled a second, between the first tenth of `count` and the last. */
export async function rateOf(scene: Pick<Scene, "redis">, region: string, count: number): Promise<number> {
  const early = await scheduled(scene, region, count / 10);
  const since = performance.now();
  const late = await scheduled(scene, region, count);
  return ((late - early) * 1000) / (performance.now() - since);
}
