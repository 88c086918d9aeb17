import fc from "fast-check";
import t from "tap";
import { live } from "../../support/model/live.ts";
import type { Lived } from "../../support/model/survive.ts";
import { STORY } from "../../support/model/words.ts";
import { limitFor } from "../../support/run/limit.ts";

/** `npm run chaos` asks for more. */
const RUNS = Number(process.env["CHAOS_MODEL"] ?? 12);
/** The same stories in every test; others with every chaos. A failure names the seed: MODEL_SEED lives through it again. */
const SEED = Number(process.env["MODEL_SEED"] ?? (process.env["CHAOS_MODEL"] === undefined ? 20261126 : Date.now()));
/** The path that a failure names, after the seed: with it that story alone is told. MODEL_SHRINK=1 looks for a shorter one. */
const PATH = process.env["MODEL_PATH"];
const endOnFailure = process.env["MODEL_SHRINK"] === undefined;

limitFor(t, "CHAOS_MODEL");

t.test(`whatever happens to it, the service keeps its promises: ${RUNS} stories`, async (t) => {
  const lived: Lived = {
    commands: 0,
    deletions: 0,
    restores: 0,
    crashes: 0,
    cuts: 0,
    jumps: 0,
    stalls: 0,
    vanished: 0,
    gone: 0,
  };
  const start = performance.now();
  const property = fc.asyncProperty(STORY, async (story) => {
    const wrong = await live(story, lived);
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
  });
  const only = PATH === undefined ? {} : { path: PATH };
  const told = await fc.check(property, { numRuns: RUNS, seed: SEED, endOnFailure, ...only });
  const where = `MODEL_SEED=${told.seed} MODEL_PATH=${told.counterexamplePath ?? ""}`;
  const story = (told.counterexample?.[0] ?? []).map((command) => JSON.stringify(command)).join("\n");
  t.notOk(told.failed, told.failed ? `${where}\n${String(told.errorInstance)}\n${story}` : "every story ends well");
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const counts = Object.entries(lived).map(([what, count]) => `${count} ${what}`);
  const line = `model   ${told.numRuns} runs, ${counts.join(", ")} in ${seconds} s with MODEL_SEED=${told.seed}`;
  if (process.env["CHAOS_MODEL"] === undefined) t.comment(line);
  else process.stderr.write(`${line}\n`);
  for (const [what, count] of Object.entries(lived)) t.ok(count > 0 || PATH !== undefined, `${count} ${what}`);
});
