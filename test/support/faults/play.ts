import { setTimeout as pause } from "node:timers/promises";
import type { Test } from "tap";
import { findServers } from "../../../src/demo/servers/find.ts";
import { startRabbitmq } from "../../../src/demo/servers/rabbitmq.ts";
import { Dice } from "../random/mutate.ts";
import { until } from "../servers/broker/bus.ts";
import { balanceOf, secondsUntilBack } from "./balance.ts";
import type { Fault } from "./fault.ts";
import { redisOfRun, startForm, type FormName } from "./redis.ts";
import type { Row } from "./rows.ts";
import { openStage, type Stage } from "./stage.ts";

/** Less than a busy machine can work on: what waits in line says nothing of a fault. */
const EVERY_MS = 200;
const AFTER_MS = 500;
const LIMIT_MS = 300_000;
const LOOK_MS = 500;
/** What would be done, or told, twice is by then. */
const AFTERWARDS_MS = 2_000;

export interface Size {
  /** How often the fault comes. */
  readonly rounds: number;
  /** How many are published around each. */
  readonly images: number;
  readonly seed: number;
}

interface Round {
  readonly heardS: number | null;
  readonly backS: number | null;
}

/** One row: the load, in the middle of it the fault, as often as is wanted, and what came of all that was confirmed. */
export async function play(t: Test, fault: Fault, form: FormName, size: Size): Promise<Row> {
  if (!fault.isOnce) return playOn(t, fault, form, size);
  const rows: Row[] = [];
  for (let round = 0; round < size.rounds; round += 1)
    await t.test(`round ${round + 1}`, async (t) => {
      rows.push(await playOn(t, fault, form, { ...size, rounds: 1, seed: size.seed + round }));
    });
  return together(rows);
}

async function playOn(t: Test, fault: Fault, form: FormName, { rounds, images, seed }: Size): Promise<Row> {
  const isOfRun = form === "alone" && !fault.hurts.includes("redis");
  const redis = isOfRun ? redisOfRun(t) : await startForm(t, form);
  const broker = fault.hurts.includes("broker") ? await startRabbitmq((await findServers()).rabbitmq) : null;
  t.teardown(() => broker?.stop());
  const stage = await openStage(t, { redis, broker, fault, dice: new Dice(seed) });
  await fault.prepare(stage);
  for (let count = 0; count < fault.replicas; count += 1) await stage.start();
  const played: Round[] = [];
  for (let isDone = true; isDone && played.length < rounds;) {
    played.push(await playRound(fault, stage, images));
    isDone = await isDoneInTime(stage);
  }
  await pause(AFTERWARDS_MS);
  judge(t, fault, stage, rounds);
  const { what, isArchived } = fault;
  return { what, form, seed, isArchived, isGood: t.passing(), ...figuresOf(stage, played) };
}

/**
 * Of what does not come the balance says what it is. To look at it costs as much as the doubles take for an image. A busy machine is
 * waited for as long as anything comes.
 */
async function isDoneInTime(stage: Stage): Promise<boolean> {
  let [least, end] = [Infinity, 0];
  for (;;) {
    const left = balanceOf(stage).lost.length;
    if (left === 0) return true;
    if (left < least) [least, end] = [left, Date.now() + LIMIT_MS];
    if (Date.now() >= end) return false;
    await pause(LOOK_MS);
  }
}

async function playRound(fault: Fault, stage: Stage, images: number): Promise<Round> {
  const before = stage.confirmed.length;
  const load = stage.publish(images, EVERY_MS);
  await until("a third is confirmed", () => Promise.resolve(stage.confirmed.length - before > images / 3), LIMIT_MS);
  await fault.play(stage);
  const whole = Date.now();
  await load;
  const isBack = (): boolean => secondsUntilBack(whole, stage) !== null && heardAfter(whole, stage) !== null;
  // Something is confirmed after the end of the fault, and after whoever reconnects has a queue again.
  for (const end = Date.now() + LIMIT_MS; !isBack() && Date.now() < end;) await stage.publish(1, AFTER_MS);
  return { heardS: heardAfter(whole, stage), backS: secondsUntilBack(whole, stage) };
}

/** Seconds until something was acknowledged to the broker; null: nothing was. */
function heardAfter(whole: number, { acknowledged }: Pick<Stage, "acknowledged">): number | null {
  const at = acknowledged.find((each) => each >= whole);
  return at === undefined ? null : (at - whole) / 1000;
}

function judge(t: Test, fault: Fault, stage: Stage, rounds: number): void {
  const { lost, early, twice, toldTwice } = balanceOf(stage);
  const lines = stage.services.flatMap((service) => service.lines);
  t.same({ lost, early, twice, toldTwice }, { lost: [], early: [], twice: [], toldTwice: [] });
  for (const { complaints } of stage.services) t.equal(complaints, "");
  const texts = lines.map((line) => JSON.stringify(line));
  for (const words of fault.said)
    t.ok(
      texts.some((text) => words.test(text)),
      `it was said: ${String(words)}`,
    );
  const perProcess = (words: string): number =>
    lines.filter(({ msg }) => msg === words).length / stage.services.length / rounds;
  t.ok(perProcess("redis is away, trying again") <= 2, "an outage is told once");
  t.ok(perProcess("a pass failed, trying again") <= 6, "and not by each loop and region");
  t.ok(perProcess("no broker, trying again") <= 3, "likewise the broker's");
  const { kills, killsInHand } = killsOf(stage);
  if (rounds > 1 && fault.mostInHand > 0)
    t.ok(killsInHand * 100 >= kills * fault.mostInHand, `${killsInHand} of ${kills} had something in hand`);
  if (!t.passing()) for (const text of texts) if (!/"level":"info"/.test(text)) t.comment(text);
}

type Figures = Omit<Row, "what" | "form" | "seed" | "isArchived" | "isGood">;

function figuresOf(stage: Stage, played: readonly Round[]): Figures {
  const { lost, early, twice, toldTwice } = balanceOf(stage);
  const worked = stage.services.flatMap(({ lines }) => lines.filter(({ msg }) => msg === "image worked"));
  const claims = (outcome: string): number => worked.filter((line) => line["outcome"] === outcome).length;
  return {
    confirmed: stage.confirmed.length,
    lost: lost.length,
    early: early.length,
    twice: twice.length,
    toldTwice: toldTwice.length,
    heardS: played.flatMap(({ heardS }) => heardS ?? []),
    backS: played.flatMap(({ backS }) => backS ?? []),
    settledClaims: claims("settled"),
    lostClaims: claims("lost"),
    ...killsOf(stage),
  };
}

function killsOf({ kills }: Pick<Stage, "kills">): Pick<Row, "kills" | "killsInHand"> {
  const isInHand = kills.filter(({ unacknowledged, leased }) => (unacknowledged ?? 0) > 0 || leased > 0);
  return { kills: kills.length, killsInHand: isInHand.length };
}

function together(rows: readonly Row[]): Row {
  const [first, ...more] = rows;
  if (first === undefined) throw new Error("no round was played");
  return more.reduce((sum, row) => {
    const add = (name: keyof Row): number => Number(sum[name]) + Number(row[name]);
    return {
      ...sum,
      isGood: sum.isGood && row.isGood,
      confirmed: add("confirmed"),
      lost: add("lost"),
      early: add("early"),
      twice: add("twice"),
      toldTwice: add("toldTwice"),
      heardS: [...sum.heardS, ...row.heardS],
      backS: [...sum.backS, ...row.backS],
      settledClaims: add("settledClaims"),
      lostClaims: add("lostClaims"),
      kills: add("kills"),
      killsInHand: add("killsInHand"),
    };
  }, first);
}
