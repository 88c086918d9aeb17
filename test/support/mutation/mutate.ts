/**
 * `npm run mutate`: changes the built program in one place after the other, in a copy, and asks the tests that run that place.
 * A change that none of them sees is told: either a test is missing, or the change means nothing.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SetupError } from "../../../src/demo/servers/setup-error.ts";
import { untilAsked } from "../../../src/demo/stopped.ts";
import { sourceOf } from "../run/choose.ts";
import { inLanes, LONG } from "../run/lanes.ts";
import { withServers } from "../run/servers.ts";
import { understood, WordsError } from "../run/words.ts";
import { Compiler } from "./compiler.ts";
import { copyProject } from "./copy.ts";
import { testsLoading } from "./coverage.ts";
import { Experience } from "./experience.ts";
import { Figures } from "./figures.ts";
import { describe, filesIn, isRefused, plant, type Planted } from "./planted.ts";
import { hear, judge, witnessesOf, type Court, type Witness } from "./trial.ts";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url)).replace(/\/$/, "");
const TELL_EVERY = 100;

const stop = untilAsked();

interface Words {
  readonly sources: readonly string[];
  readonly tests: readonly string[];
  /** Mutants that are tried. */
  readonly most: number;
  readonly seed: number;
  readonly lanes: number;
  /** Seconds that a test may take. */
  readonly longest: number;
  /** What an earlier run wrote: only what lived there is tried. */
  readonly again: string | undefined;
}

/** Throws `WordsError`. */
function readWords(): Words {
  const text = { type: "string" } as const;
  const counts = { most: text, seed: text, lanes: text, longest: text } as const;
  const options = { ...counts, tests: { type: "string", multiple: true }, again: text } as const;
  const parse = () => parseArgs({ allowPositionals: true, options });
  const { values, positionals } = understood(parse, Object.keys(options));
  const count = (name: keyof typeof counts, otherwise: number): number => {
    const value = values[name] ?? String(otherwise);
    if (/^(?:\d+|Infinity)$/.test(value)) return Number(value);
    throw new WordsError(`--${name}=${value}: a number`);
  };
  return {
    sources: positionals.length === 0 ? ["src/domain"] : positionals,
    tests: values.tests ?? ["test"],
    most: count("most", Infinity),
    seed: count("seed", Date.now() % 1_000_000),
    lanes: count("lanes", 2),
    longest: count("longest", 20),
    again: values.again,
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(words: Words, env: NodeJS.ProcessEnv): Promise<void> {
  const files = filesIn(ROOT, words.sources, ".js");
  const all = plant(ROOT, files, words.seed);
  const livedOnce = words.again === undefined ? null : readFileSync(words.again, "utf8");
  const wanted =
    livedOnce === null ? all : all.filter((each) => livedOnce.includes(`lived  ${describe(each, ROOT)}  (`));
  const chosen = wanted.slice(0, words.most);
  say(`${all.length} mutants in ${files.length} files, ${chosen.length} of them tried: --seed=${words.seed}`);
  const copies = await Promise.all(Array.from({ length: words.lanes }, () => copyProject(ROOT)));
  const experience = new Experience();
  const courts = copies.map((copy): Court => ({ copy, env, experience, stop }));
  const witnesses = await hearAll(files, courts, words);
  say(`${witnesses.length} test files run them`);
  await tryAll(chosen, witnesses, courts);
}

/** What takes long, and what fails without any mutant, is no witness. */
async function hearAll(
  files: readonly string[],
  courts: readonly Court[],
  { tests, longest }: Words,
): Promise<readonly Witness[]> {
  const quick = filesIn(ROOT, tests, ".test.js").filter((test) => !LONG.includes(sourceOf(test)));
  const witnesses: Witness[] = [];
  await inCourts(testsLoading(quick, new Set(files), ROOT), courts, async (test, court) => {
    const heard = await hear(test, longest, court);
    if (typeof heard !== "string") witnesses.push(heard);
    else if (!stop.aborted) say(`left out  ${sourceOf(test)}: ${heard}`);
  });
  return witnesses;
}

async function tryAll(chosen: readonly Planted[], witnesses: readonly Witness[], courts: readonly Court[]) {
  const compiler = new Compiler(ROOT);
  const figures = new Figures();
  await inCourts(chosen, courts, async (planted, court) => {
    const isWorthAsking = !isRefused(planted, ROOT, compiler);
    const those = isWorthAsking ? witnessesOf(planted, witnesses, court) : [];
    const verdict = isWorthAsking ? await judge(planted, those, court) : "refused";
    if (stop.aborted) return;
    const tried = figures.note(planted.file, verdict === "lived" && those.length === 0 ? "unrun" : verdict);
    if (verdict === "hung") say(`hung   ${describe(planted, ROOT)}`);
    if (verdict === "lived") say(`lived  ${describe(planted, ROOT)}  (${ranBy(those)})`);
    if (tried % TELL_EVERY === 0) say(`… ${tried} of ${chosen.length}`);
  });
  say(figures.table());
}

function ranBy(witnesses: readonly Witness[]): string {
  return witnesses.length === 0 ? "no test runs it" : `run by ${witnesses.length} test files`;
}

/** As many at once as there are courts; each has its own copy of the program. */
async function inCourts<T>(all: readonly T[], courts: readonly Court[], work: (one: T, court: Court) => Promise<void>) {
  const free = [...courts];
  const workHere = async (one: T): Promise<void> => {
    const court = free.pop();
    if (court === undefined) throw new Error("more lanes than copies");
    await work(one, court);
    free.push(court);
  };
  await inLanes(all, courts.length, workHere, () => stop.aborted);
}

try {
  const words = readWords();
  await withServers(stop, say, (env) => main(words, env));
} catch (error) {
  if (!(error instanceof SetupError || error instanceof WordsError)) throw error;
  process.stderr.write(`npm run mutate: ${error.message}\n`);
  process.exitCode = 1;
}
