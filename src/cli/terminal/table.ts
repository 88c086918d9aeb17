import type { Screen } from "../command/command.ts";
import { plain, wrapped } from "./show.ts";
import { cut, pad, widthOf } from "./width.ts";

/** A column as wide as it needs between `least` and `most` cells; where the screen is narrow, the highest `rank` goes first. */
export interface Column {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly rank: number;
  /** A text that is told whole: where it does not fit it goes on lines of its own, below. */
  readonly isWhole?: true;
}

export type Style = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";
export type Cell = string | { readonly text: string; readonly style: Style };

/** Of a text below its row. */
const INDENT = 2;

/** SGR codes of ECMA-48. */
const CODES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Coloured where colours are wanted. */
export function paint(text: string, style: Style, screen: Screen | null): string {
  return screen?.isColoured === true ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/**
 * Rows of a table whose widths are known before its first row, so that rows can be printed as they come. On a screen every
 * line fits; where there is none, nothing is cut.
 */
export class Table {
  readonly #columns: readonly Column[];
  readonly #screen: Screen | null;
  /** Cells of each column; 0: it is not shown. */
  readonly #widths: readonly number[];

  constructor(columns: readonly Column[], screen: Screen | null) {
    this.#columns = columns;
    this.#screen = screen;
    this.#widths = screen === null ? columns.map(({ most }) => most) : fit(columns, screen.columns);
  }

  head(): string {
    const names = this.#columns.map(({ name }) => ({ text: name, style: "bold" }) as const);
    return this.#line(
      this.#widths.flatMap((width, index) => (width === 0 ? [] : [{ width, cell: names[index] ?? "" }])),
    );
  }

  /** One line, and more for a text that is told whole. `cells` are in the order of the columns, and may hold foreign text. */
  row(cells: readonly Cell[]): string {
    const below = this.#widths.flatMap((width, index) =>
      this.#columns[index]?.isWhole === true ? this.#below(cells[index] ?? "", width) : [],
    );
    const isBelow = below.length > 0;
    const shown = this.#widths.flatMap((width, index) => {
      const cell = isBelow && this.#columns[index]?.isWhole === true ? "" : (cells[index] ?? "");
      return width === 0 ? [] : [{ width, cell }];
    });
    return [this.#line(shown), ...below].join("\n");
  }

  /** The lines of a text that has no room in its column; none where it has. */
  #below(cell: Cell, width: number): readonly string[] {
    const { text, style } = typeof cell === "string" ? { text: cell, style: null } : cell;
    const whole = plain(text);
    if (this.#screen === null || widthOf(whole) <= width) return [];
    const { columns } = this.#screen;
    const indent = " ".repeat(Math.min(INDENT, columns - 1));
    return wrapped(whole, columns - indent.length).map((line) => {
      const fitted = cut(line, columns - indent.length);
      return indent + (style === null ? fitted : paint(fitted, style, this.#screen));
    });
  }

  #line(shown: readonly { readonly width: number; readonly cell: Cell }[]): string {
    const words = shown.map(({ width, cell }, index) => {
      const { text, style } = typeof cell === "string" ? { text: cell, style: null } : cell;
      const fitted = this.#screen === null ? plain(text) : cut(plain(text), width);
      const filled = index === shown.length - 1 ? fitted : pad(fitted, width);
      return style === null || fitted === "" ? filled : paint(filled, style, this.#screen);
    });
    return words.join(" ").trimEnd();
  }
}

/**
 * Takes columns by their rank as long as their least widths fit, then widens them in the same order.
 * @internal
 */
export function fit(columns: readonly Column[], cells: number): readonly number[] {
  const widths = columns.map((): number => 0);
  let left = cells + 1;
  const byRank = [...columns.keys()].sort((a, b) => (columns[a]?.rank ?? 0) - (columns[b]?.rank ?? 0));
  for (const index of byRank) {
    const least = columns[index]?.least ?? 0;
    if (least + 1 > left) break;
    widths[index] = least;
    left -= least + 1;
  }
  for (const index of byRank) {
    const column = columns[index];
    if (column === undefined || widths[index] === 0) continue;
    const more = Math.min(left, column.most - column.least);
    widths[index] = column.least + more;
    left -= more;
  }
  // Nothing fits: the first column, cut.
  const first = byRank[0];
  if (first !== undefined && !widths.some((width) => width > 0)) widths[first] = cells;
  return widths;
}

/** A bar of `value` out of `most`, in at most `cells` cells; what is there at all is seen. */
export function bar(value: number, most: number, cells: number, letter: string): string {
  if (value === 0 || cells <= 0) return "";
  return letter.repeat(Math.max(1, Math.round((value * cells) / Math.max(1, most))));
}

/** A line cut to the screen, where there is one. */
export function fitLine(line: string, screen: Screen | null): string {
  return screen === null || widthOf(line) <= screen.columns ? line : cut(line, screen.columns);
}
