import { setTimeout } from "node:timers/promises";
import { ALL_REGIONS, announcements, EXCHANGE, TOPIC } from "./announcements.ts";
import { figureOf, type Bench } from "./figure.ts";
import { inTurns } from "./rounds.ts";
import { PREFIX, startService, type Scene } from "./scene.ts";
import { startWatched, type Watched } from "./watched.ts";
import type { Outgoing } from "../cast/messages.ts";
import { Publisher } from "../publisher.ts";

const ONE = ["us-east-1"] as const;
const MESSAGES_OF_ONE = 20_000;
const MESSAGES_OF_ALL = 2_000;
const LOOK_EVERY_MS = 5;

/** What one side did between the first tenth of the messages and the last. */
interface Run {
  readonly messagesASecond: number;
  readonly cpuSecondsAMessage: number;
}

/** Watches from a tenth of the work to its end. */
async function measure(
  count: number,
  program: Watched,
  tenth: () => Promise<number>,
  end: () => Promise<number>,
): Promise<Run> {
  const early = await tenth();
  const [from, cpuFrom] = [performance.now(), await program.cpuSeconds()];
  const late = await end();
  const [to, cpuTo] = [performance.now(), await program.cpuSeconds()];
  const done = late - early;
  if (late !== count) throw new Error(`${late} of ${count} messages were consumed`);
  return { messagesASecond: (done * 1000) / (to - from), cpuSecondsAMessage: (cpuTo - cpuFrom) / done };
}

/** The service consumes what waits for it, as shipped. */
async function ours(scene: Scene, publisher: Publisher, messages: readonly Outgoing[], regions: readonly string[]) {
  const queue = "bench-ours";
  await scene.redis.flushall();
  await publisher.fill(queue, EXCHANGE, TOPIC, messages);
  const program = await startService(scene, queue);
  const last = regions.at(-1) ?? "";
  const scheduled = (atLeast: number) => async (): Promise<number> => {
    for (;;) {
      const count = await scene.redis.scard(`${PREFIX}:{${last}}:images`);
      if (count >= atLeast) return count;
      // Asked seldom, for the asking costs what is measured.
      await setTimeout(LOOK_EVERY_MS);
    }
  };
  const run = await measure(messages.length, program, scheduled(messages.length / 10), scheduled(messages.length));
  await program.stop();
  await publisher.deleteQueue(queue);
  return run;
}

/** The client alone takes the same messages from a queue, and does nothing with them. */
async function bare({ amqpUrl }: Scene, publisher: Publisher, messages: readonly Outgoing[]): Promise<Run> {
  const queue = "bench-bare";
  await publisher.fill(queue, EXCHANGE, TOPIC, messages);
  const program = startWatched("./baseline-amqp.js", [amqpUrl, queue, String(messages.length)], {});
  const seen = (count: number): Promise<number> => program.nextLine((line) => Number(line) === count).then(Number);
  const [tenth, end] = [seen(messages.length / 10), seen(messages.length)];
  const run = await measure(
    messages.length,
    program,
    () => tenth,
    () => end,
  );
  await program.stop();
  await publisher.deleteQueue(queue);
  return run;
}

/** How fast the bus is heard, and what it costs. */
export const consume: Bench = {
  name: "consume",
  figures: async (scene) => {
    const publisher = await Publisher.open(scene.amqpUrl, EXCHANGE);
    const one = announcements(MESSAGES_OF_ONE, ONE);
    const all = announcements(MESSAGES_OF_ALL, ALL_REGIONS);
    const rounds = await inTurns({
      one: () => ours(scene, publisher, one, ONE),
      bare: () => bare(scene, publisher, one),
      all: () => ours(scene, publisher, all, ALL_REGIONS),
    });
    await publisher.close();
    return [
      figureOf(
        rounds,
        {
          what: "one-image messages: on the queue → scheduled, acknowledged",
          against: "bare amqplib",
          unit: "messages a second",
          goal: { atLeast: 0.6 },
        },
        ({ one }) => one.messagesASecond,
        (round) => round.bare.messagesASecond,
      ),
      figureOf(
        rounds,
        { what: "CPU a message of one image", against: "bare amqplib", unit: "µs", goal: { atMost: 2.5 } },
        ({ one }) => one.cpuSecondsAMessage * 1e6,
        (round) => round.bare.cpuSecondsAMessage * 1e6,
      ),
      figureOf(
        rounds,
        {
          what: "22-region messages, images a second",
          against: "one-image messages",
          unit: "images a second",
          goal: { atLeast: 3 },
        },
        (round) => round.all.messagesASecond * ALL_REGIONS.length,
        ({ one }) => one.messagesASecond,
      ),
    ];
  },
};
