import { announcements, EXCHANGE, TOPIC } from "../announcements.ts";
import { figureOf, type Bench } from "../figure.ts";
import { inTurns } from "../rounds.ts";
import { startService, type Scene } from "../scene.ts";
import { startWatched } from "../watched.ts";
import { Publisher } from "../../publisher.ts";
import { scheduled } from "./rate.ts";

const REGION = "us-east-1";
const QUEUE = "bench-start";

interface Started {
  readonly seconds: number;
  readonly mib: number;
}

/** From the start of the service to its first message in Redis, and its resident set then. */
async function ours(scene: Scene, publisher: Publisher): Promise<Started> {
  await scene.redis.flushall();
  await publisher.fill(QUEUE, EXCHANGE, TOPIC, announcements(1, [REGION]));
  const since = performance.now();
  const program = await startService(scene, QUEUE);
  await scheduled(scene, REGION, 1);
  const seconds = (performance.now() - since) / 1000;
  const { now } = await program.memory();
  await program.stop();
  await publisher.deleteQueue(QUEUE);
  return { seconds, mib: now };
}

/** The same of a program that says one word. */
async function empty(): Promise<Started> {
  const since = performance.now();
  const program = startWatched("./cost/baseline-empty.js", [], {});
  await program.nextLine(() => true);
  const seconds = (performance.now() - since) / 1000;
  const { now } = await program.memory();
  await program.stop();
  return { seconds, mib: now };
}

/** How soon the service works, and what it takes then. */
export const start: Bench = {
  name: "start",
  figures: async (scene) => {
    const publisher = await Publisher.open(scene.amqpUrl, EXCHANGE);
    const rounds = await inTurns({ ours: () => ours(scene, publisher), empty });
    await publisher.close();
    const against = "an empty process of Node";
    return [
      figureOf(
        rounds,
        { what: "start to the first message consumed", against, unit: "s", goal: { atMost: 4 } },
        (round) => round.ours.seconds,
        (round) => round.empty.seconds,
      ),
      figureOf(
        rounds,
        { what: "resident set then", against, unit: "MiB", goal: { atMost: 2.2 } },
        (round) => round.ours.mib,
        (round) => round.empty.mib,
      ),
    ];
  },
};
