import { setTimeout } from "node:timers/promises";
import { addNightlies, nightlies, REGIONS } from "./filling.ts";
import { ImagesInMemory } from "./images-in-memory.ts";
import { ACCOUNT, openOurs } from "./ours.ts";
import { median, type Bench, type Figure } from "../figure.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../../domain/time.ts";

/** Deadlines, a second apart; of each an image in every region. */
const DEADLINES = 10;
const TICK_EVERY_MS = MINUTE_MS;
/** As shipped. */
const PRIVATE_AFTER_MS = 5 * DAY_MS;

/** From due to acted, where nothing else is to be done. */
export const idle: Bench = {
  name: "idle",
  figures: async (scene) => {
    await scene.redis.flushall();
    const dueAt = new Map<string, number>();
    const late: number[] = [];
    const images = new ImagesInMemory(ACCOUNT, (amiId) => late.push(Date.now() - (dueAt.get(amiId) ?? NaN)));
    const ours = await openOurs(scene, "bench-idle", images);
    const first = Math.ceil(Date.now() / SECOND_MS) * SECOND_MS + 2 * SECOND_MS;
    for (let number = 0; number < DEADLINES; number += 1) {
      const from = number * REGIONS.length;
      const at = first + number * SECOND_MS - PRIVATE_AFTER_MS;
      const stretch = { from, to: from + REGIONS.length, at, regions: REGIONS };
      await addNightlies(ours.schedule, stretch);
      for (const { amiId, imageName, uploadedAt } of nightlies(stretch)) {
        images.put(amiId, imageName, uploadedAt);
        dueAt.set(amiId, uploadedAt + PRIVATE_AFTER_MS);
      }
    }
    const stop = new AbortController();
    const running = ours.run(TICK_EVERY_MS, stop.signal);
    await setTimeout(first + (DEADLINES + 2) * SECOND_MS - Date.now());
    stop.abort();
    await running;
    await ours.close();
    if (late.length !== dueAt.size) throw new Error(`${late.length} of ${dueAt.size} images were acted on`);
    const sorted = late.toSorted((one, other) => one - other);
    return [
      lateness("median", median(sorted)),
      lateness("99th percentile", sorted[Math.floor(sorted.length * 0.99)] ?? NaN),
    ];
  },
};

function lateness(which: string, ms: number): Figure {
  return {
    what: `from due to acted when idle, ${which}`,
    against: "tick_every",
    unit: "ms",
    goal: null,
    ...{ ratio: ms / TICK_EVERY_MS, ours: Math.round(ms), theirs: TICK_EVERY_MS },
  };
}
