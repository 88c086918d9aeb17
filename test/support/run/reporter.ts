import { sourceOf } from "./choose.ts";
import type { Counts, Failure, Outcome } from "./tally.ts";
import { add, NOTHING } from "./tally.ts";
import type { Ended } from "./test-file.ts";

const SLOWEST = 10;

/**
 * Lines for people: one for each finished test file, the diagnostics of each failing test, and as the very last line the
 * plain counts of tests.
 */
export class Reporter {
  readonly #print: (text: string) => void;
  readonly #failures: Failure[] = [];
  readonly #files: Ended[] = [];
  #counts: Counts = NOTHING;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  get counts(): Counts {
    return this.#counts;
  }

  finished(ended: Ended): void {
    const { file, outcome, seconds, secrets, comments } = ended;
    this.#files.push(ended);
    if (outcome === null) this.#print(`ended  ${sourceOf(file)}  in the middle\n`);
    else {
      const word = outcome.failed > 0 ? "FAILED" : "ok    ";
      this.#print(`${word} ${sourceOf(file)}  ${describeCounts(outcome)}  ${seconds.toFixed(1)} s\n`);
    }
    for (const reason of new Set(outcome?.reasons)) this.#print(`  skipped: ${reason}\n`);
    if (outcome !== null && outcome.failed > 0) this.#print(comments.map((line) => `  ${line}\n`).join(""));
    if (outcome !== null) this.#record(outcome);
    for (const secret of secrets) this.failed(`a secret stands in what the tests wrote to ${secret}`);
  }

  /** Something beside the tests is wrong: one failure more. */
  failed(why: string): void {
    this.#record({ ...NOTHING, failed: 1, failures: [{ path: [why], points: [] }], reasons: [] });
  }

  /** Nothing comes after this. */
  end({ isSlowestWanted }: { readonly isSlowestWanted: boolean }): void {
    if (this.#failures.length > 0)
      this.#print(`\nFailed:\n${this.#failures.map(({ path }) => `  ${path.join(" > ")}\n`).join("")}`);
    if (isSlowestWanted) this.#print(`\nSlowest:\n${this.#slowest().join("")}`);
    this.#print(`\n${describeCounts(this.#counts)}\n`);
  }

  #slowest(): readonly string[] {
    return this.#files
      .toSorted((one, other) => other.seconds - one.seconds)
      .slice(0, SLOWEST)
      .map(({ file, seconds, processorSeconds }) => {
        const busy = processorSeconds === null ? "" : `, ${processorSeconds.toFixed(1)} s of them at work`;
        return `  ${seconds.toFixed(1).padStart(6)} s${busy}  ${sourceOf(file)}\n`;
      });
  }

  #record(outcome: Outcome): void {
    this.#counts = add(this.#counts, outcome);
    for (const { path, points } of outcome.failures) {
      const failure = { path: path.map(sourceOf), points };
      this.#failures.push(failure);
      this.#print(`${describeFailure(failure)}\n`);
    }
  }
}

function describeCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

function describeFailure({ path, points }: Failure): string {
  const details = points.flatMap((point) => [`    not ok: ${point.name}`, ...describeDiagnostics(point.diag)]);
  return [`  FAILED ${path.join(" > ")}`, ...details].join("\n");
}

function describeDiagnostics(diagnostics: unknown): string[] {
  if (typeof diagnostics !== "object" || diagnostics === null) return [];
  return Object.entries(diagnostics).flatMap(([key, value]) => {
    const text = typeof value === "string" ? value.trimEnd() : JSON.stringify(value);
    return text.includes("\n")
      ? [`      ${key}:`, ...text.split("\n").map((line) => `        ${line}`)]
      : [`      ${key}: ${text}`];
  });
}
