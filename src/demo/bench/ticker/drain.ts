import { closeBare, openBare } from "./baseline-sdk.ts";
import { CREDENTIALS, NO_LIMIT, REGIONS_AT_ONCE as regions } from "./drained.ts";
import { addNightlies, nightlies } from "./filling.ts";
import { log, openOurs } from "./ours.ts";
import { figureOf, type Bench } from "../figure.ts";
import { inTurns } from "../rounds.ts";
import type { Scene } from "../scene.ts";
import { startWatched } from "../watched.ts";
import { systemClock } from "../../../adapters/clock.ts";
import { openImages } from "../../../adapters/ec2/images.ts";
import { DAY_MS, type Instant } from "../../../domain/time.ts";
import { NO_METER } from "../../../ports/index.ts";

const LATENCY_MS = 50;
/** One of each region. */
const DUE = regions.length;
/** Enough for the rounds of both sides. */
const IMAGES = 12 * DUE;

/** Calls a second, where EC2 takes its time: what is between one call and the next. */
export const drain: Bench = {
  name: "drain",
  figures: async (scene) => {
    await scene.redis.flushall();
    const at = Date.now() - 6 * DAY_MS;
    const program = startWatched("./ticker/ec2-program.js", [LATENCY_MS, IMAGES, at].map(String), {});
    try {
      const rounds = await measure(scene, await program.nextLine((line) => line.startsWith("http")), at);
      return [
        figureOf(
          rounds,
          {
            what: `EC2 drain at ${LATENCY_MS} ms latency, ${regions.length} at once`,
            against: "bare SDK calls",
            unit: "calls a second",
            goal: { atLeast: 0.97 },
          },
          ({ ours }) => ours,
          ({ bare }) => bare,
        ),
      ];
    } finally {
      await program.stop();
    }
  },
};

async function measure(scene: Scene, endpoint: string, at: Instant) {
  let calls = 0;
  const meter = { ...NO_METER, ec2: () => (calls += 1) };
  const options = { endpoint, credentials: CREDENTIALS, role: null, share: NO_LIMIT };
  const ec2 = openImages({ ...options, clock: systemClock, log, meter });
  const ours = await openOurs(scene, "bench-drain", ec2);
  const bare = openBare(endpoint, CREDENTIALS);
  let known = 0;
  const next = () => ({ from: known, to: (known += DUE), at, regions });
  const rounds = await inTurns({
    ours: async () => {
      await addNightlies(ours.schedule, next());
      return rateOf(async () => {
        calls = 0;
        const { "make-private": made } = await ours.workOff("private");
        if (made !== DUE) throw new Error(`${made ?? 0} of ${DUE} images were made private`);
        return calls;
      });
    },
    bare: () => {
      const images = nightlies(next());
      const lane = async (region: string): Promise<number> => {
        let count = 0;
        for (const { amiId } of images.filter((image) => image.region === region)) {
          const snapshotIds = [0, 1].map((index) => `snap-${index}${amiId.slice(5)}`);
          count += await closeBare(bare(region), { amiId, snapshotIds });
        }
        return count;
      };
      return rateOf(async () => (await Promise.all(regions.map(lane))).reduce((sum, count) => sum + count, 0));
    },
  });
  await ours.close();
  ec2.close();
  return rounds;
}

/** What was counted, a second. */
async function rateOf(work: () => Promise<number>): Promise<number> {
  const since = performance.now();
  return ((await work()) * 1000) / (performance.now() - since);
}
