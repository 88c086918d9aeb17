import type { FinalResults, Parser, Result } from "tap-parser";

/** Counts of tests, not of assertions. */
export type Counts = { readonly passed: number; readonly failed: number; readonly skipped: number };

export const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** One failing test: where it stands, and the failed assertions, or the point that closes it when there are none. */
export type Failure = { readonly path: readonly string[]; readonly points: readonly Point[] };

/** An assertion, or the point that closes a block. */
export type Point = Pick<Result, "ok" | "name" | "diag" | "skip" | "todo">;

export type Outcome = Counts & {
  readonly failures: readonly Failure[];
  /** Why what was skipped was skipped, as far as anybody said. */
  readonly reasons: readonly string[];
};

/**
 * Watches one block of TAP, that is a test file or a `t.test(…)`.
 *
 * A block without blocks inside is one test. A block that has some is none, they are; but when it fails and they don't
 * explain it (its own assertion, a crash after them, a signal), it counts as one failed test.
 */
export class Block {
  readonly name: string;
  readonly #children: Block[] = [];
  readonly #failed: Point[] = [];
  #assertions = 0;
  readonly #reasons: string[] = [];
  #skipped = 0;
  #closing: Point | null = null;
  #results: FinalResults | null = null;

  constructor(name: string, parser: Parser) {
    this.name = name;
    parser.on("child", (child: Parser) => {
      this.#children.push(new Block(child.name, child));
    });
    parser.on("assert", (point: Result) => {
      this.#see(point);
    });
    parser.on("complete", (results: FinalResults) => {
      this.#results = results;
    });
  }

  /** How the block ended; a `t.test(…)` is closed by the point that follows it. */
  close(point: Point): void {
    this.#closing = point;
  }

  #see(point: Result): void {
    const child = this.#children.at(-1);
    // The point that follows a block closes it. The parser's own mark is missing on some, such as one that timed out.
    if (child !== undefined && child.#closing === null) child.close(point);
    else if (isSkipped(point)) {
      this.#skipped += 1;
      this.#reasons.push(...reasonOf(point));
    } else if (point.ok) this.#assertions += 1;
    else this.#failed.push(point);
  }

  outcome(parents: readonly string[] = []): Outcome {
    const path = [...parents, this.name];
    const children = this.#children.map((child) => child.outcome(path));
    const inner = children.reduce<Counts>(add, { ...NOTHING, skipped: this.#skipped });
    const failures = children.flatMap((child) => child.failures);
    const whole = this.#closing !== null && isSkipped(this.#closing) ? reasonOf(this.#closing) : [];
    const reasons = [...whole, ...this.#reasons, ...children.flatMap((child) => child.reasons)];
    if (this.#isUnexplained(inner.failed)) {
      const points = this.#failed.length > 0 || this.#closing === null ? this.#failed : [this.#closing];
      return { ...add(inner, { ...NOTHING, failed: 1 }), failures: [...failures, { path, points }], reasons };
    }
    const isLeaf = this.#children.length === 0 && (this.#assertions > 0 || this.#skipped === 0);
    if (!isLeaf) return { ...inner, failures, reasons };
    const own =
      this.#closing !== null && isSkipped(this.#closing) ? { skipped: 1, passed: 0 } : { skipped: 0, passed: 1 };
    return { ...add(inner, { failed: 0, ...own }), failures, reasons };
  }

  #isUnexplained(failedInside: number): boolean {
    if (this.#failed.length > 0) return true;
    const closedWell = this.#closing !== null && (this.#closing.ok || isSkipped(this.#closing));
    return failedInside === 0 && !(closedWell && this.#results !== null);
  }
}

function isSkipped(point: Point): boolean {
  return point.skip !== false || point.todo !== false;
}

/** Why it was skipped; nothing where nobody said. A point that was skipped alone has the reason for a name. */
function reasonOf({ skip, name }: Point): readonly string[] {
  if (typeof skip === "string" && skip !== "") return [skip];
  return skip === true && name !== "" ? [name] : [];
}
