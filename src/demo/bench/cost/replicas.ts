import { Publisher } from "../../publisher.ts";
import type { Outgoing } from "../../cast/messages.ts";
import { DAY_MS } from "../../../domain/time.ts";
import { announcements, EXCHANGE, TOPIC } from "../announcements.ts";
import { figureOf, type Bench } from "../figure.ts";
import { addMany } from "../many.ts";
import { inTurns } from "../rounds.ts";
import { PREFIX, startService, type Scene } from "../scene.ts";
import { startWatched } from "../watched.ts";
import { rateOf } from "./rate.ts";
import { openSchedule } from "./scheduling.ts";

const REGION = "us-east-1";
const QUEUE = "bench-replicas";
const MESSAGES = 20_000;
const LONG_MS = 400 * DAY_MS;

/** Messages a second of so many replicas at one queue. */
async function consumedBy(
  replicas: number,
  scene: Scene,
  publisher: Publisher,
  messages: readonly Outgoing[],
): Promise<number> {
  await scene.redis.flushall();
  await publisher.fill(QUEUE, EXCHANGE, TOPIC, messages);
  const programs = await Promise.all(Array.from({ length: replicas }, () => startService(scene, QUEUE)));
  const rate = await rateOf(scene, REGION, messages.length);
  await Promise.all(programs.map((program) => program.stop()));
  await publisher.deleteQueue(QUEUE);
  return rate;
}

/** Images a second that so many tickers claim, each as long as it finds some. */
async function claimedBy(tickers: number, { redis, redisUrl }: Scene, images: number): Promise<number> {
  await redis.flushall();
  const { schedule, close } = await openSchedule(redisUrl, PREFIX);
  // Long ago: all are due.
  await addMany(schedule, { from: 0, to: images, now: Date.now() - LONG_MS });
  await close();
  const programs = Array.from({ length: tickers }, () => startWatched("./cost/claimer.js", [redisUrl, PREFIX], {}));
  await Promise.all(programs.map((program) => program.nextLine((line) => line === "ready")));
  const since = performance.now();
  const ends = programs.map((program) => program.ended());
  for (const program of programs) program.write("go\n");
  await Promise.all(ends);
  return (images * 1000) / (performance.now() - since);
}

/** What further replicas bring, on this machine: where its processors are busy, nothing. Run by name only. */
export const replicas: Bench = {
  name: "replicas",
  figures: async (scene, count) => {
    const messages = announcements(count ?? MESSAGES, [REGION]);
    const publisher = await Publisher.open(scene.amqpUrl, EXCHANGE);
    const heard = await inTurns({
      one: () => consumedBy(1, scene, publisher, messages),
      two: () => consumedBy(2, scene, publisher, messages),
      four: () => consumedBy(4, scene, publisher, messages),
    });
    await publisher.close();
    const claimed = await inTurns({
      one: () => claimedBy(1, scene, messages.length),
      two: () => claimedBy(2, scene, messages.length),
      four: () => claimedBy(4, scene, messages.length),
    });
    const rows = [
      { rounds: heard, what: "consume", unit: "messages a second" },
      { rounds: claimed, what: "claims", unit: "images a second" },
    ];
    return rows.flatMap(({ rounds, what, unit }) =>
      (["two", "four"] as const).map((many) =>
        figureOf(
          rounds,
          { what: `${what}, ${many} replicas`, against: "one", unit, goal: null },
          (round) => round[many],
          ({ one }) => one,
        ),
      ),
    );
  },
};
