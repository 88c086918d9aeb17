import { textOf, type Invocation } from "../command/command.ts";
import { rest } from "./rest.ts";
import { fitLine } from "./table.ts";
import { formatInstant, floorSecond, SECOND_MS } from "../../domain/time.ts";
import { quote } from "../../domain/words.ts";
import { UpstreamError, UsageError } from "../../errors.ts";

/** Control sequences of ECMA-48: the cursor to the corner, the rest of a line or of the screen erased. */
const HOME = "\u001b[H";
const ERASE_LINE = "\u001b[K";
const ERASE_REST = "\u001b[J";

/** Seconds between two pictures, or null: nobody watches. Throws `UsageError`, also where there is no terminal to draw on. */
export function watchOf(invocation: Pick<Invocation, "options" | "screen">, command: string): number | null {
  const text = textOf(invocation, "watch");
  if (text === undefined) return null;
  const seconds = /^\d{1,5}(?:\.\d)?$/.test(text) ? Number(text) : 0;
  if (seconds < 0.5) throw new UsageError(`${command}: --watch=${quote(text)}: seconds, at least 0.5`);
  if (invocation.screen() === null)
    throw new UsageError(`${command}: --watch draws on a terminal, and standard output is none: leave it out`);
  if (invocation.options["json"] === true || invocation.options["plain"] === true)
    throw new UsageError(`${command}: --watch is for people: leave out --json and --plain`);
  return seconds;
}

/**
 * Draws what `draw` prints, again and again, until the order to stop comes; a service that is away meanwhile is told in the
 * picture. Resolves to 0. `draw` is given how many lines there are.
 */
export async function watch(
  title: string,
  seconds: number,
  invocation: Invocation,
  draw: (lines: number, picture: Invocation) => Promise<number>,
): Promise<number> {
  const { screen, write, stop } = invocation;
  const isOver = (): boolean => stop.aborted;
  while (!isOver()) {
    const { rows = 24 } = screen() ?? {};
    const lines: string[] = [];
    const add = (text: string): Promise<void> => {
      lines.push(...text.split("\n"));
      return Promise.resolve();
    };
    const warn = (line: string): void => void lines.push(fitLine(line, screen()));
    try {
      await draw(rows - 3, { ...invocation, print: add, warn });
    } catch (error) {
      if (isOver()) break;
      if (!(error instanceof UpstreamError)) throw error;
      warn(error.message);
    }
    const head = `${title}, every ${seconds} s, ${formatInstant(floorSecond(Date.now()))}, Ctrl-C ends`;
    const picture = [fitLine(head, screen()), ...lines].slice(0, rows - 1).map((line) => `${line}${ERASE_LINE}\n`);
    await write(`${HOME}${picture.join("")}${ERASE_REST}`);
    await rest(seconds * SECOND_MS, stop);
  }
  return 0;
}
