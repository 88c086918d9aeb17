import type { Scene } from "./scene.ts";

/** One figure beside its limit, both measured in the same run. */
export interface Figure {
  readonly what: string;
  readonly against: string;
  /** Ours by theirs: the median of the rounds. */
  readonly ratio: number;
  /** What is wanted of the ratio. */
  readonly goal: { readonly atLeast: number } | { readonly atMost: number };
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

export function isReached({ ratio, goal }: Figure): boolean {
  return "atLeast" in goal ? ratio >= goal.atLeast : ratio <= goal.atMost;
}

/** The figures as a table of Markdown. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [
    figure.what,
    figure.against,
    `${figure.ours} ${figure.unit}`,
    `${figure.theirs} ${figure.unit}`,
    figure.ratio.toFixed(2),
    "atLeast" in figure.goal ? `≥ ${figure.goal.atLeast.toFixed(2)}` : `≤ ${figure.goal.atMost.toFixed(2)}`,
    isReached(figure) ? "reached" : "missed",
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const head = ["what", "against", "ours", "theirs", "ratio", "goal", ""];
  return [head, head.map(() => "---"), ...rows].map(line).join("\n");
}
