import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";
import type { Result } from "tap-parser";
import { Parser } from "tap-parser";
import type { Counts, Failure, Outcome } from "./tally.ts";
import { add, Block, NOTHING } from "./tally.ts";

/**
 * TAP in, lines for people out: one for each finished test file, the diagnostics of each failing test, and as the very
 * last line the plain counts of tests.
 */
export class Reporter extends Transform {
  #parser = new Parser();
  #root = new Block("run", this.#parser);
  #reported = new Set<Block>();
  #counts: Counts = NOTHING;
  readonly #failures: Failure[] = [];
  #runnerFailure: string | null = null;

  constructor() {
    super({ encoding: "utf8" });
    // After the block's own listener: by now the point that closes the file is known.
    this.#parser.on("assert", (point: Result) => {
      const file = this.#root.lastChild;
      if (file === undefined || this.#reported.has(file)) this.#sawOddPoint(point);
      else this.#finishFile(file, point);
    });
  }

  get counts(): Counts {
    return this.#counts;
  }

  /** To be called before `end`: something beside the tests is wrong, and that is a failure of its own. */
  failed(why: string): void {
    this.#fail(why);
  }

  /** To be called before `end` when the runner itself did not end well: if no test failed, that is a failure. */
  runnerFailed(how: string): void {
    this.#runnerFailure = how;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#parser.write(chunk);
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#parser.end();
    const unfinished = this.#root.lastChild;
    if (unfinished !== undefined && !this.#reported.has(unfinished)) this.#finishFile(unfinished, null);
    if (this.#parser.bailedOut !== false) this.#fail(`Bail out! ${String(this.#parser.bailedOut)}`);
    if (this.#runnerFailure !== null && this.#counts.failed === 0) this.#fail(this.#runnerFailure);
    if (this.#failures.length > 0) {
      this.push(`\nFailed:\n${this.#failures.map(({ path }) => `  ${path.join(" > ")}\n`).join("")}`);
    }
    this.push(`\n${describeCounts(this.#counts)}\n`);
    done();
  }

  #finishFile(file: Block, closing: Result | null): void {
    this.#reported.add(file);
    const outcome = file.outcome();
    const word = outcome.failed > 0 ? "FAILED" : "ok    ";
    const seconds = ((closing?.time ?? 0) / 1000).toFixed(1);
    this.push(`${word} ${sourceName(file.name)}  ${describeCounts(outcome)}  ${seconds} s\n`);
    this.#record(outcome);
  }

  /** The runner adds such a point for each file that ran out of time; the file has failed then already. */
  #sawOddPoint(point: Result): void {
    if (!point.ok && this.#counts.failed === 0) this.#fail(point.name);
  }

  /** Something outside any test file went wrong: one failure more. */
  #fail(why: string): void {
    this.#record({ ...NOTHING, failed: 1, failures: [{ path: [why], points: [] }] });
  }

  #record(outcome: Outcome): void {
    this.#counts = add(this.#counts, outcome);
    for (const { path, points } of outcome.failures) {
      const failure = { path: path.map(sourceName), points };
      this.#failures.push(failure);
      this.push(`${describeFailure(failure)}\n`);
    }
  }
}

function describeCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Tests run as built JavaScript; people look for the source. */
function sourceName(name: string): string {
  return name.replace(/^dist\/(test\/.*)\.js$/, "$1.ts");
}

function describeFailure({ path, points }: Failure): string {
  const details = points.flatMap((point) => [`    not ok: ${point.name}`, ...describeDiagnostics(point.diag)]);
  return [`  FAILED ${path.join(" > ")}`, ...details].join("\n");
}

function describeDiagnostics(diagnostics: unknown): string[] {
  if (typeof diagnostics !== "object" || diagnostics === null) return [];
  // How the file was started says nothing about why it failed.
  const boring = ["command", "args", "cwd", "stdio", "externalID", "jobId"];
  return Object.entries(diagnostics)
    .filter(([key]) => !boring.includes(key))
    .flatMap(([key, value]) => {
      const text = typeof value === "string" ? value.trimEnd() : JSON.stringify(value);
      return text.includes("\n")
        ? [`      ${key}:`, ...text.split("\n").map((line) => `        ${line}`)]
        : [`      ${key}: ${text}`];
    });
}
