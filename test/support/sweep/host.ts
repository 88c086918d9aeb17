/**
 * Runs command lines of the program in one process, for whoever started it with a channel: each opens everything anew and
 * closes it, as a process of its own would, without the second that Node needs to load it.
 */
import { Readable } from "node:stream";
import { runCommand } from "../../../src/cli/cli.ts";
import { describeError } from "../../../src/errors.ts";
import type { HostAnswer, HostOrder } from "./program.ts";

async function carryOut({ id, argv, env }: HostOrder): Promise<HostAnswer> {
  const lines: string[] = [];
  const print = (line: string): Promise<void> => {
    lines.push(line);
    return Promise.resolve();
  };
  const warn = (line: string): void => {
    lines.push(line);
  };
  const never = new AbortController().signal;
  try {
    const openInput = (): Readable => Readable.from([]);
    const said = { print, write: print, warn };
    const code = await runCommand(argv, {
      env,
      openInput,
      ...said,
      stop: never,
      isTerminal: false,
      screen: () => null,
    });
    return { id, code, says: lines.join("\n") };
  } catch (error) {
    return { id, code: 1, says: [...lines, describeError(error)].join("\n") };
  }
}

process.on("message", (order) => {
  void carryOut(order as HostOrder).then((answer) => process.send?.(answer));
});
// Whoever started it is gone, perhaps in the middle: what is open here would keep it for ever.
process.on("disconnect", () => {
  process.exit();
});
