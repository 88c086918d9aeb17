import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { FormName } from "./redis.ts";

/** What came of a fault in one form of Redis. */
export interface Row {
  readonly what: string;
  readonly form: FormName;
  readonly seed: number;
  readonly isGood: boolean;
  /** Whether what was published could be read in the archive as well. */
  readonly isArchived: boolean;
  readonly confirmed: number;
  readonly lost: number;
  readonly early: number;
  readonly twice: number;
  readonly toldTwice: number;
  /** Of each round, from the end of the fault until the service acknowledged something to the broker. */
  readonly heardS: readonly number[];
  /** Likewise, until an image that was confirmed after it was made private, less what it had to wait by itself. */
  readonly backS: readonly number[];
  readonly settledClaims: number;
  readonly lostClaims: number;
  readonly kills: number;
  readonly killsInHand: number;
}

const HEAD = [
  [
    "fault",
    "Redis",
    "confirmed",
    "lost",
    "early",
    "twice",
    "told twice",
    "s until heard",
    "s until back",
    "claims lost",
  ],
  Array.from({ length: 10 }, () => "---"),
];

/** A table for people, in the order of `rows`. */
export function tableOf(rows: readonly Row[]): string {
  return [...HEAD, ...rows.map(cellsOf)].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function cellsOf(row: Row): readonly string[] {
  const kills = row.kills > 1 ? ` (${row.kills} kills, ${row.killsInHand} with something in hand)` : "";
  const counts = [row.confirmed, row.lost, row.early, row.twice, row.toldTwice].map(String);
  const claims = `${row.lostClaims} of ${row.lostClaims + row.settledClaims}`;
  return [
    `${row.what}${row.isArchived ? " (archived)" : ""}${kills}`,
    row.form,
    ...counts,
    spread(row.heardS),
    spread(row.backS),
    claims,
  ];
}

/** The median, and the worst. */
function spread(seconds: readonly number[]): string {
  if (seconds.length === 0) return "never";
  const sorted = seconds.toSorted((one, other) => one - other);
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return `${median.toFixed(1)}, ${(sorted.at(-1) ?? 0).toFixed(1)}`;
}

/** Rows that were played, kept in a file, so that a run that was stopped goes on. */
export class KeptRows {
  readonly #file: string | null;
  readonly rows: Row[];

  /** `file`: null keeps none. */
  constructor(file: string | null) {
    this.#file = file;
    const kept = file !== null && existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
    this.rows = kept.map((line) => JSON.parse(line) as Row).filter(({ isGood }) => isGood);
  }

  has(what: string, form: FormName): boolean {
    return this.rows.some((row) => row.what === what && row.form === form);
  }

  add(row: Row): void {
    this.rows.push(row);
    if (this.#file !== null) appendFileSync(this.#file, `${JSON.stringify(row)}\n`);
  }
}
