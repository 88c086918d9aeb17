import { availableParallelism } from "node:os";
import { Redis } from "ioredis";
import t from "tap";
import { serverUrl } from "../../support/servers/redis/redis.ts";
import { choiceFrom, MOMENTS, replayOf } from "../../support/sweep/choice.ts";
import { ACTS, type Moment, type Point } from "../../support/sweep/point.ts";
import { Host } from "../../support/sweep/program.ts";
import { live, record, type Lived, type Recordings, type Shared } from "../../support/sweep/sweep.ts";
import { limitFor } from "../../support/run/limit.ts";

const CHOICE = choiceFrom(process.env);
/** A point waits now and then, so more go on at once than there are cores. */
const AT_ONCE = Number(process.env["CHAOS_SWEEP_AT_ONCE"] ?? 2 * availableParallelism() + 1);
const TELL_EVERY_MS = 30_000;

limitFor(t, "CHAOS_SWEEP", 3);

const PROMISES: Readonly<Record<Moment, string>> = {
  received: "killed when a request is received, it is made good after the restart, and told once",
  withheld: "killed when an answer is withheld, it is made good after the restart, and told once",
  sent: "killed after an answer was sent, it is made good after the restart, and told once",
  overtaken: "stopped for longer than its lease, a ticker changes and tells nothing that another has done",
  released: "stopped while a release is heard, a ticker takes nothing more, and what still stands is given back",
  "released-killed":
    "killed right after a release was heard, it is made good after the restart: what still stands is given back",
};

type Results = ReadonlyMap<Point, Lived>;

function say(line: string): void {
  // Only the long sweep has somebody who waits for it.
  if (process.env["CHAOS_SWEEP"] === undefined) t.comment(line);
  else process.stderr.write(`sweep   ${line}\n`);
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

/** A point that goes wrong is told at once: a whole sweep takes long. */
async function sweep(shared: Shared, recordings: Recordings, points: readonly Point[]): Promise<Results> {
  const results = new Map<Point, Lived>();
  const left = [...points];
  const start = performance.now();
  let [toldAt, failed] = [start, 0];
  const work = async (): Promise<void> => {
    for (let point = left.shift(); point !== undefined; point = left.shift()) {
      const lived = await live(shared, point, recordings[point.act]);
      results.set(point, lived);
      if (lived.wrong.length > 0) {
        failed += 1;
        say(`FAILED ${point.act}, ${point.moment}, call ${point.call}, ${lived.call}: ${lived.wrong.join("; ")}`);
        say(`       ${replayOf(point, CHOICE.forge)}`);
        say(`       ${lived.story}`);
      }
      if (performance.now() - toldAt < TELL_EVERY_MS) continue;
      toldAt = performance.now();
      say(`${results.size} of ${points.length} points, ${failed} failed, ${secondsSince(start)} s …`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

function tally(recordings: Recordings, points: readonly Point[], results: Results): void {
  for (const act of ACTS) {
    const { calls } = recordings[act];
    const counts = MOMENTS.flatMap((moment) => {
      const own = points.filter((point) => point.act === act && point.moment === moment);
      const passed = own.filter((point) => results.get(point)?.wrong.length === 0);
      return own.length === 0 ? [] : [`${moment} ${passed.length} of ${own.length}`];
    });
    if (counts.length > 0) say(`${act}: ${calls.length} calls; points that passed: ${counts.join(", ")}`);
  }
  const moved = points.filter((point) => results.get(point)?.call !== recordings[point.act].calls[point.call - 1]);
  if (moved.length > 0) say(`${moved.length} points met another call than the recording: two had gone out at once`);
}

const redis = new Redis(serverUrl("TEST_REDIS_URL"));
const host = new Host();
t.teardown(async () => {
  await host.close();
  await redis.quit();
});
const start = performance.now();
const recordings = await record({ redis, host, forge: CHOICE.forge });
const points = CHOICE.of(recordings);
say(
  `reports to ${CHOICE.forge}; the calls of each act: ${ACTS.map((act) => `${act} ${recordings[act].calls.length}`).join(", ")}`,
);
const results = await sweep({ redis, host, forge: CHOICE.forge }, recordings, points);
tally(recordings, points, results);
say(`${points.length} points in ${secondsSince(start)} s${CHOICE.isWhole ? "" : `, SWEEP_SEED=${CHOICE.seed}`}`);

t.ok(points.length > 0, "there are points");
for (const act of ACTS)
  for (const moment of MOMENTS) {
    const own = points.filter((point) => point.act === act && point.moment === moment);
    if (own.length === 0) continue;
    t.test(`${act}: ${PROMISES[moment]}`, (t) => {
      for (const point of own) {
        const lived = results.get(point);
        t.same(lived?.wrong, [], `call ${point.call}, ${String(lived?.call)}: ${replayOf(point, CHOICE.forge)}`);
      }
      t.end();
    });
  }
