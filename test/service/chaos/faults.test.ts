import { createHash } from "node:crypto";
import t from "tap";
import { FAULTS } from "../../support/faults/faults.ts";
import { play, type Size } from "../../support/faults/play.ts";
import { KeptRows, tableOf } from "../../support/faults/rows.ts";
import { limitFor } from "../../support/run/limit.ts";

/** All rows, each in each form of Redis; else a few, in which every process goes through a fault while it works. */
const IS_LONG = process.env["CHAOS_FAULTS"] !== undefined;
/** Some rows alone, by the beginning of their name, and in one form of Redis. */
const ONLY = process.env["CHAOS_FAULT"] ?? "";
const FORM = process.env["CHAOS_FORM"] ?? "";
/** The file in which rows are kept: those that stand in it are not played again. */
const kept = new KeptRows(process.env["CHAOS_ROWS"] ?? null);
const SEED = Number(process.env["CHAOS_SEED"] ?? (IS_LONG ? Date.now() % 1_000_000 : 1));
const IMAGES = Number(process.env["CHAOS_FAULT_IMAGES"] ?? 15);
const ROUNDS = Number(process.env["CHAOS_ROUNDS"] ?? (IS_LONG ? 3 : 1));

limitFor(t, "CHAOS_FAULTS", 3);
t.jobs = Number(process.env["CHAOS_LANES"] ?? 3);
t.comment(`CHAOS_SEED=${SEED}`);

/** The same row rolls the same dice, whichever others are played. */
function sizeOf(name: string): Size {
  const seed = createHash("sha256").update(`${SEED} ${name}`).digest().readUInt32BE();
  return { rounds: ROUNDS, images: IMAGES, seed };
}

/** A table is for who watches, and not for a reader of TAP. */
function say(text: string): void {
  if (IS_LONG) process.stderr.write(text);
}

for (const fault of FAULTS)
  for (const form of fault.forms) {
    const isAsked = fault.what.startsWith(ONLY) && (FORM === "" || FORM === form);
    const isPlayed = IS_LONG || ONLY !== "" ? isAsked : fault.isShort && form === "alone";
    if (!isPlayed || kept.has(fault.what, form)) continue;
    const name = `${fault.what}, Redis ${form}`;
    t.test(`${name}: nothing is lost, early, done or told twice`, async (t) => {
      const start = performance.now();
      const row = await play(t, fault, form, sizeOf(name));
      kept.add(row);
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      say(
        `${new Date().toISOString()} ${row.isGood ? "ok    " : "FAILED"} after ${seconds} s\n${tableOf([row]).split("\n")[2] ?? ""}\n`,
      );
    });
  }

t.teardown(() => {
  say(`\nCHAOS_SEED=${SEED}\n${tableOf(kept.rows)}`);
});
