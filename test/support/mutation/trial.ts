import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runTestFile } from "../run/test-file.ts";
import type { Copy } from "./copy.ts";
import { hasRun, readCoverage, type Coverage } from "./coverage.ts";
import { withMutant } from "./mutants.ts";
import type { Planted } from "./planted.ts";

/** A test that was quick may take so much longer, and so many seconds more, before its mutant counts as one that hangs. */
const SLOWER = 4;
const PATIENCE_S = 10;
/** So many test files share a process: most of a quick one's time is the start of the process. */
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
}

/** Runs a test as it is; resolves to what it ran, or to why it is no witness. */
export async function hear(test: string, limitS: number, court: Court): Promise<Witness | string> {
  const folder = await mkdtemp(join(tmpdir(), "coverage-"));
  const env = { ...court.env, NODE_V8_COVERAGE: folder };
  const { outcome, seconds } = await run(test, limitS, { ...court, env });
  if (outcome === "passed") return { test, seconds, coverage: readCoverage(folder, court.copy.pathOf("")) };
  return outcome === "failed" ? "it fails as it is" : `it takes more than ${limitS} s`;
}

/** How many of the tests ran the mutant and let it live; null when one of them saw it. */
export async function survives(
  { file, code, mutant }: Planted,
  known: readonly Witness[],
  court: Court,
): Promise<number | null> {
  // The tests of the room itself first, and of the others the quickest.
  const room = dirname(file).replace("dist/src", "dist/test");
  const far = ({ test }: Witness): number => (test.startsWith(room) ? 0 : 1);
  const those = known
    .filter(({ coverage }) => hasRun(coverage, file, mutant.start))
    .toSorted((one, other) => far(one) - far(other) || one.seconds - other.seconds);
  const { copy } = court;
  await copy.write(file, withMutant(code, mutant));
  try {
    for (let start = 0; start < those.length; start += TOGETHER)
      if (await isSeen(those.slice(start, start + TOGETHER), court)) return null;
    return those.length;
  } finally {
    await copy.write(file, code);
  }
}

async function isSeen(witnesses: readonly Witness[], court: Court): Promise<boolean> {
  const { copy } = court;
  const seconds = witnesses.reduce((sum, each) => sum + each.seconds, 0);
  await copy.write(ENTRY, witnesses.map(({ test }) => `import ${JSON.stringify(copy.pathOf(test))};\n`).join(""));
  return (await run(ENTRY, seconds * SLOWER + PATIENCE_S, court)).outcome !== "passed";
}

async function run(test: string, limitS: number, { copy, env, stop }: Court) {
  const limit = AbortSignal.any([stop, AbortSignal.timeout(Math.ceil(limitS * 1000))]);
  // A mutant that never ends takes no more memory than this.
  const all = { ...env, TAP_BAIL: "1", NODE_OPTIONS: "--max-old-space-size=768" };
  // What a mutant complains of is not read.
  const { outcome, seconds } = await runTestFile(copy.pathOf(test), all, limit, () => undefined);
  if (outcome === null || limit.aborted) return { outcome: "hung", seconds } as const;
  return { outcome: outcome.failed > 0 ? "failed" : "passed", seconds } as const;
}
