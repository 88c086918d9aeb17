import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deadline } from "../../../src/limit.ts";
import { runTestFile } from "../run/test-file.ts";
import type { Copy } from "./copy.ts";
import { hasRun, readCoverage, type Coverage } from "./coverage.ts";
import type { Experience } from "./experience.ts";
import { withMutant } from "./mutants.ts";
import type { Planted } from "./planted.ts";

/** A test that was quick may take so much longer, and so many seconds more, before its mutant counts as one that hangs. */
const SLOWER = 3;
const PATIENCE_S = 5;
/** After the likeliest, so many test files share a process: most of a quick one's time is the start of the process. */
const TOGETHER = 6;
/** The file that loads them. */
const ENTRY = "dist/test/together.test.js";

/** A test file, as it ran without any mutant. */
export interface Witness {
  readonly test: string;
  readonly seconds: number;
  readonly coverage: Coverage;
}

/** Where tests run. */
export interface Court {
  readonly copy: Copy;
  readonly env: NodeJS.ProcessEnv;
  readonly stop: AbortSignal;
  readonly experience: Experience;
}

/** What tests say of a mutant: one failed, or did not end twice while it ends without the mutant, or none of them sees it. */
export type Verdict = "seen" | "hung" | "lived";

/** Runs a test as it is; resolves to what it ran, or to why it is no witness. */
export async function hear(test: string, limitS: number, court: Court): Promise<Witness | string> {
  const folder = await mkdtemp(join(tmpdir(), "coverage-"));
  const env = { ...court.env, NODE_V8_COVERAGE: folder };
  const { outcome, seconds } = await run(test, limitS, { ...court, env });
  if (outcome === "passed") return { test, seconds, coverage: readCoverage(folder, court.copy.pathOf("")) };
  return outcome === "failed" ? "it fails as it is" : `it takes more than ${limitS} s`;
}

/** The witnesses that run the mutant, the likeliest and quickest first. */
export function witnessesOf({ file, mutant }: Planted, known: readonly Witness[], { experience }: Court) {
  const those = known.filter(({ coverage }) => hasRun(coverage, file, mutant.at));
  return those.toSorted((one, other) => experience.worthOf(file, other) - experience.worthOf(file, one));
}

/** Asks the witnesses in their order, until one of them sees the mutant. */
export async function judge(planted: Planted, witnesses: readonly Witness[], court: Court): Promise<Verdict> {
  const { copy, experience } = court;
  const { file, code, mutant } = planted;
  await copy.write(file, withMutant(code, mutant));
  try {
    for (let start = 0, end = 1; start < witnesses.length; start = end, end += TOGETHER) {
      const asked = witnesses.slice(start, end);
      const said = await ask(asked, planted, court);
      experience.note(file, asked, said !== "lived");
      if (said !== "lived") return said;
    }
    return "lived";
  } finally {
    await copy.write(file, code);
  }
}

/** A machine that is busy is no witness: what did not end in time is asked again, beside the time that it takes now. */
async function ask(witnesses: readonly Witness[], { file, code, mutant }: Planted, court: Court): Promise<Verdict> {
  const { copy } = court;
  const seconds = witnesses.reduce((sum, each) => sum + each.seconds, 0);
  await copy.write(ENTRY, witnesses.map(({ test }) => `import ${JSON.stringify(copy.pathOf(test))};\n`).join(""));
  const first = await run(ENTRY, seconds * SLOWER + PATIENCE_S, court);
  if (first.outcome !== "hung") return first.outcome === "failed" ? "seen" : "lived";
  await copy.write(file, code);
  const asItIs = await run(ENTRY, (seconds * SLOWER + PATIENCE_S) * SLOWER, court);
  await copy.write(file, withMutant(code, mutant));
  const again = await run(ENTRY, asItIs.seconds * SLOWER + PATIENCE_S, court);
  if (asItIs.outcome === "passed" && again.outcome === "failed") return "seen";
  return asItIs.outcome === "passed" && again.outcome === "hung" ? "hung" : "lived";
}

async function run(test: string, limitS: number, { copy, env, stop }: Court) {
  const { signal: limit, end } = deadline(Math.ceil(limitS * 1000), stop);
  // A mutant that never ends takes no more memory than this.
  const all = { ...env, TAP_BAIL: "1", NODE_OPTIONS: "--max-old-space-size=768" };
  // What a mutant complains of is not read.
  const { outcome, seconds } = await runTestFile(copy.pathOf(test), all, limit, () => undefined).finally(end);
  if (outcome === null || limit.aborted) return { outcome: "hung", seconds } as const;
  return { outcome: outcome.failed > 0 ? "failed" : "passed", seconds } as const;
}
