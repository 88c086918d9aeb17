import { Redis } from "ioredis";
import t from "tap";
import { Dice } from "./support/mutate.ts";
import { serverUrl } from "./support/redis.ts";
import { live, pointsOf, record, type Recordings } from "./support/sweep.ts";
import { ACTS, KILLS, type Moment, type Point } from "./support/sweep-point.ts";

/** `npm run chaos` asks for all points; the tests for one of each kind, other ones in each run. */
const IS_WHOLE = process.env["CHAOS_SWEEP"] === "all";
const SEED = Number(process.env["SWEEP_SEED"] ?? Date.now() % 1_000_000);
/** Most of a run is waiting for leases to end, so more go on at once than there are cores. */
const AT_ONCE = IS_WHOLE ? 6 : 5;

t.setTimeout(3_600_000);

const PROMISES: Readonly<Record<Moment, string>> = {
  received: "killed when a request is received, it is made good after the restart, and told once",
  withheld: "killed when an answer is withheld, it is made good after the restart, and told once",
  sent: "killed after an answer was sent, it is made good after the restart, and told once",
  overtaken: "stopped for longer than its lease, a ticker changes and tells nothing that another has done",
  released: "stopped while a release is heard, a ticker takes nothing more, and what still stands is given back",
};
const MOMENTS = [...KILLS, "overtaken", "released"] as const;

function chosen(recordings: Recordings): Point[] {
  const dice = new Dice(SEED);
  return ACTS.flatMap((act) =>
    MOMENTS.flatMap((moment) => {
      const points = pointsOf(recordings, act, moment);
      return IS_WHOLE || points.length === 0 ? points : [dice.pick(points)];
    }),
  );
}

async function sweep(redis: Redis, recordings: Recordings, points: readonly Point[]): Promise<Map<Point, string[]>> {
  const results = new Map<Point, string[]>();
  const left = [...points];
  const work = async (): Promise<void> => {
    for (let point = left.shift(); point !== undefined; point = left.shift()) {
      results.set(point, await live(redis, point, recordings[point.act]));
      if (results.size % 100 === 0) process.stderr.write(`sweep   ${results.size} of ${points.length} points …\n`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

const redis = new Redis(serverUrl("TEST_REDIS_URL"));
t.teardown(() => redis.quit());
const start = performance.now();
const recordings = await record(redis);
const points = chosen(recordings);
const results = await sweep(redis, recordings, points);
const seconds = ((performance.now() - start) / 1000).toFixed(1);

for (const act of ACTS) {
  const { calls } = recordings[act];
  const counts = MOMENTS.map(
    (moment) => `${moment} ${points.filter((p) => p.act === act && p.moment === moment).length}`,
  );
  process.stderr.write(`sweep   ${act}: ${calls.length} calls; points: ${counts.join(", ")}\n`);
}
process.stderr.write(
  `sweep   ${points.length} points in ${seconds} s${IS_WHOLE ? "" : `, chosen with SWEEP_SEED=${SEED}`}\n`,
);

for (const act of ACTS)
  for (const moment of MOMENTS) {
    const own = points.filter((point) => point.act === act && point.moment === moment);
    if (own.length === 0) continue;
    t.test(`${act}: ${PROMISES[moment]}`, (t) => {
      for (const point of own)
        t.same(results.get(point), [], `call ${point.call}, ${recordings[act].calls[point.call - 1] ?? "unknown"}`);
      t.end();
    });
  }
