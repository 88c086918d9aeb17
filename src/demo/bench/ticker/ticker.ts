import { addNightlies, nightlies, REGIONS } from "./filling.ts";
import { workBullMq } from "./baseline-bullmq.ts";
import { claimAndSettle } from "./baseline-lua.ts";
import { ImagesInMemory } from "./images-in-memory.ts";
import { ACCOUNT, openOurs } from "./ours.ts";
import { figureOf, type Bench } from "../figure.ts";
import { inTurns } from "../rounds.ts";
import { DAY_MS } from "../../../domain/time.ts";

/** Images that wait all the while, due in days. */
const SCHEDULED = 100_000;
const DUE = 2_200;
const JOBS = 5_000;
const PREFIX = "bench-ticker";

/** How fast what is due is worked off, where EC2 costs nothing. */
export const ticker: Bench = {
  name: "ticker",
  figures: async (scene) => {
    await scene.redis.flushall();
    const images = new ImagesInMemory(ACCOUNT);
    const ours = await openOurs(scene, PREFIX, images);
    let known = SCHEDULED;
    await addNightlies(ours.schedule, { from: 0, to: SCHEDULED, at: Date.now(), regions: REGIONS });
    /** Images a second; each round has images of its own. */
    const rate = async (work: () => Promise<number>): Promise<number> => {
      const stretch = { from: known, to: known + DUE, at: Date.now() - 6 * DAY_MS, regions: REGIONS };
      known += DUE;
      await addNightlies(ours.schedule, stretch);
      for (const { amiId, imageName, uploadedAt } of nightlies(stretch)) images.put(amiId, imageName, uploadedAt);
      const since = performance.now();
      const done = await work();
      if (done !== DUE) throw new Error(`${done} of ${DUE} images were worked`);
      return (done * 1000) / (performance.now() - since);
    };
    const folder = process.env["BULLMQ"];
    const rounds = await inTurns({
      ours: () => rate(async () => (await ours.workOff("private"))["make-private"] ?? 0),
      raw: () => rate(() => claimAndSettle(scene.redis, PREFIX, REGIONS)),
      bull: async () => (folder === undefined ? NaN : JOBS / (await workBullMq(folder, scene.redisUrl, JOBS))),
    });
    await ours.close();
    return [
      figureOf(
        rounds,
        {
          what: "ticker: claim → plan → make private → settle, EC2 answering at once",
          against: "raw Lua claim and settle in batches",
          unit: "images a second",
          goal: { atLeast: 0.5 },
        },
        (round) => round.ours,
        (round) => round.raw,
      ),
      figureOf(
        rounds,
        {
          what: "the ticker's images a second",
          against: "BullMQ's no-op jobs, 50 at once",
          unit: "a second",
          goal: { atLeast: 3 },
        },
        (round) => round.ours,
        (round) => round.bull,
      ),
    ];
  },
};
