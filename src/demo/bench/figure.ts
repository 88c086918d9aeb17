import type { Scene } from "./scene.ts";

/** One figure beside its limit, both measured in the same run. */
export interface Figure {
  readonly what: string;
  readonly against: string;
  /** Ours by theirs: the median of the rounds; `NaN` (in JSON null): a side was not measured. */
  readonly ratio: number;
  /** What is wanted of the ratio; null: nothing, it is only told. */
  readonly goal: { readonly atLeast: number } | { readonly atMost: number } | null;
  /** Of `ours` and `theirs`, the medians. */
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number;
}

/** A bench that can be named. */
export interface Bench {
  readonly name: string;
  readonly figures: (scene: Scene) => Promise<readonly Figure[]>;
}

/** Of an odd number of values, the one in the middle; else the mean of the two there. `NaN` of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/** The figure of rounds, each of which has measured both sides: the medians of the sides, and of the rounds' ratios. */
export function figureOf<Round>(
  rounds: readonly Round[],
  row: Pick<Figure, "what" | "against" | "unit" | "goal">,
  our: (round: Round) => number,
  their: (round: Round) => number,
): Figure {
  return {
    ...row,
    ratio: median(rounds.map((round) => our(round) / their(round))),
    ours: readable(median(rounds.map(our))),
    theirs: readable(median(rounds.map(their))),
  };
}

/** In three digits, or without a fraction. */
function readable(value: number): number {
  return Math.abs(value) < 100 ? Number(value.toPrecision(3)) : Math.round(value);
}

/** Null: nothing was wanted. */
export function isReached({ ratio, goal }: Figure): boolean | null {
  if (goal === null) return null;
  return "atLeast" in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}

const WORDS = { true: "reached", false: "missed", null: "" };

function measured(value: number, text: string, instead = "–"): string {
  return Number.isNaN(value) ? instead : text;
}

/** The figures as a table of Markdown. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    figure.against,
    measured(figure.ours, `${figure.ours} ${figure.unit}`),
    measured(figure.theirs, `${figure.theirs} ${figure.unit}`),
    measured(figure.ratio, figure.ratio.toFixed(2)),
    goalText(figure.goal),
    measured(figure.ratio, WORDS[String(isReached(figure)) as keyof typeof WORDS], "not measured"),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = ["what", "against", "ours", "theirs", "ratio", "goal", ""];
  return [head, head.map(() => "---"), ...rows].map(line).join("\n");
}

function goalText(goal: Figure["goal"]): string {
  if (goal === null) return "";
  return "atLeast" in goal ? `≥ ${goal.atLeast.toFixed(2)}` : `≤ ${goal.atMost.toFixed(2)}`;
}
