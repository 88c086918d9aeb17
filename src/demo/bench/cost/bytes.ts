import type { Redis } from "ioredis";
import { addMany, imageOfMany } from "../many.ts";
import { figureOf, type Bench } from "../figure.ts";
import { addDelayed } from "./baseline-delayed.ts";
import { openSchedule } from "./scheduling.ts";

const COUNT = 50_000;

/**
 * What Redis needs for an image that waits, with all that leads to it, beside a delayed job of BullMQ's that has the image's data.
 * Without BULLMQ, a folder in which it is installed, only ours is measured.
 */
export const bytes: Bench = {
  name: "bytes",
  figures: async ({ redis, redisUrl }, count) => {
    const images = count ?? COUNT;
    const ours = await grownBy(redis, images, async () => {
      const { schedule, close } = await openSchedule(redisUrl, "clean-amis");
      await addMany(schedule, { from: 0, to: images, now: Date.now() });
      await close();
    });
    const folder = process.env["BULLMQ"];
    const theirs =
      folder === undefined
        ? NaN
        : await grownBy(redis, images, () =>
            addDelayed(folder, redisUrl, images, (number) => imageOfMany(number, Date.now())),
          );
    const row = { against: "a delayed job of BullMQ's", unit: "bytes", goal: { atMost: 0.6 } } as const;
    return [
      figureOf(
        [{ ours, theirs }],
        { what: `Redis for an image that waits, of ${images}`, ...row },
        (round) => round.ours,
        (round) => round.theirs,
      ),
    ];
  },
};

/** How many bytes Redis uses more for each of `count` things. It is emptied before. */
async function grownBy(redis: Redis, count: number, add: () => Promise<void>): Promise<number> {
  await redis.flushall();
  const before = await usedBy(redis);
  await add();
  return ((await usedBy(redis)) - before) / count;
}

async function usedBy(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1]);
}
