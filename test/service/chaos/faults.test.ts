import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { findServers } from "../../../src/demo/servers/find.ts";
import { startRabbitmq } from "../../../src/demo/servers/rabbitmq.ts";
import { balanceOf, secondsUntilBack } from "../../support/faults/balance.ts";
import { FAULTS, type Fault } from "../../support/faults/faults.ts";
import { redisOfRun, startForm, type FormName } from "../../support/faults/redis.ts";
import { openStage, type Stage } from "../../support/faults/stage.ts";
import { limitFor } from "../../support/run/limit.ts";
import { until } from "../../support/servers/bus.ts";

/** All rows, each in each form of Redis; else a few, in which every process goes through a fault while it works. */
const IS_LONG = process.env["CHAOS_FAULTS"] !== undefined;
/** Some rows alone, by the beginning of their name, and in one form of Redis. */
const ONLY = process.env["CHAOS_FAULT"] ?? "";
const FORM = process.env["CHAOS_FORM"] ?? "";
const IMAGES = Number(process.env["CHAOS_FAULT_IMAGES"] ?? (IS_LONG ? 120 : 15));
const EVERY_MS = 50;
const LIMIT_MS = 300_000;

limitFor(t, "CHAOS_FAULTS", 3);
t.jobs = IS_LONG ? 1 : 4;

/** One row: the load, in the middle of it the fault, and what came of all that was confirmed. */
async function play(t: Test, fault: Fault, form: FormName): Promise<void> {
  const isOfRun = form === "alone" && !fault.hurts.includes("redis");
  const redis = isOfRun ? redisOfRun() : await startForm(t, form);
  const broker = fault.hurts.includes("broker") ? await startRabbitmq((await findServers()).rabbitmq) : null;
  t.teardown(() => broker?.stop());
  const stage = await openStage(t, { redis, broker, isArchived: fault.isArchived });
  for (let count = 0; count < fault.replicas; count += 1) await stage.start();
  const load = stage.publish(IMAGES, EVERY_MS);
  await until("a third is confirmed", () => Promise.resolve(stage.confirmed.length > IMAGES / 3), LIMIT_MS);
  await fault.play(stage);
  const whole = Date.now();
  await load;
  // Something is confirmed after the end of the fault, however long it was.
  await stage.publish(5, EVERY_MS);
  const isOver = (): Promise<boolean> => Promise.resolve(balanceOf(stage).lost.length === 0);
  await until("all is done", isOver, LIMIT_MS).catch((error: unknown) => {
    t.comment(String(error));
  });
  // What would be done, or told, twice is.
  await pause(2_000);
  tell(t, fault, form, stage, whole);
}

function tell(t: Test, fault: Fault, form: FormName, stage: Stage, whole: number): void {
  const { lost, early, twice, toldTwice } = balanceOf(stage);
  const backS = secondsUntilBack(whole, stage);
  const counts = [stage.confirmed.length, lost.length, early.length, twice.length, toldTwice.length];
  t.comment(`| ${fault.what} | ${form} | ${[...counts, backS?.toFixed(1) ?? "never"].join(" | ")} |`);
  const lines = stage.services.flatMap((service) => service.lines);
  if (lost.length > 0) for (const line of lines) if (line["level"] !== "info") t.comment(JSON.stringify(line));
  t.same({ lost, early, twice, toldTwice }, { lost: [], early: [], twice: [], toldTwice: [] });
  for (const { complaints } of stage.services) t.equal(complaints, "");
  const perProcess = (words: string): number => lines.filter(({ msg }) => msg === words).length / stage.services.length;
  t.ok(perProcess("redis is away, trying again") <= 2, "an outage is told once");
  t.ok(perProcess("a pass failed, trying again") <= 6, "and not by each loop and region");
  t.ok(perProcess("no broker, trying again") <= 3, "likewise the broker's");
}

for (const fault of FAULTS)
  for (const form of fault.forms) {
    const isAsked = fault.what.startsWith(ONLY) && (FORM === "" || FORM === form);
    const isPlayed = IS_LONG || ONLY !== "" ? isAsked : fault.isShort && form === "alone";
    if (isPlayed)
      t.test(`${fault.what}, Redis ${form}: nothing is lost, early, done or told twice`, (t) => play(t, fault, form));
  }
