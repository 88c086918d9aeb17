import { setTimeout as pause } from "node:timers/promises";
import { EVERY, fault, type Fault } from "../fault.ts";
import type { Stage } from "../stage.ts";

/** In all rounds and forms of one process that is killed; of several, a third of that. */
const KILLS = Number(process.env["CHAOS_KILLS"] ?? 1);
const ROUNDS_AND_FORMS = 9;
const OF_ONE = Math.ceil(KILLS / ROUNDS_AND_FORMS);
const OF_SEVERAL = Math.ceil(KILLS / ROUNDS_AND_FORMS / 3);

/** Delivered while it dies. */
const BURST = 10;
/** Many short lives, and some in which it comes to act and to tell. */
const LIVES_MS = [100, 300, 1_000, 4_000];
/** About what it takes to work on a burst. */
const WORK_MS = 60;

/** A process at random is killed while it works, and started anew at once, again and again. */
async function killAtRandom(stage: Stage, kills: number): Promise<void> {
  const { dice } = stage;
  for (let kill = 0; kill < kills; kill += 1) {
    await pause(dice.roll(dice.pick(LIVES_MS)));
    const burst = stage.publish(BURST, 0);
    await pause(dice.roll(WORK_MS));
    await stage.kill(dice.pick(stage.services.filter(({ isRunning }) => isRunning)));
    await stage.start();
    await burst;
  }
}

const of =
  (kills: number) =>
  (stage: Stage): Promise<void> =>
    killAtRandom(stage, kills);

export const OF_PROCESSES: readonly Fault[] = [
  fault("nothing", () => Promise.resolve(), { forms: EVERY }),
  fault("nothing, to three processes", () => Promise.resolve(), { forms: EVERY, replicas: 3 }),
  fault("a process is killed at random", of(OF_ONE), { forms: EVERY, isShort: true, mostInHand: 50 }),
  fault("one of two processes is killed at random", of(OF_SEVERAL), { forms: EVERY, replicas: 2 }),
  fault("one of three processes is killed at random", of(OF_SEVERAL), { replicas: 3 }),
  fault("one of two processes is killed, and one alone is delivered to", of(OF_SEVERAL), {
    replicas: 2,
    queue: "{ x-single-active-consumer = true }",
  }),
];
