import { createInterface } from "node:readline";
import type { Invocation } from "../command/command.ts";
import { UsageError } from "../../errors.ts";

/** Asks a person to confirm. Throws `UsageError` for any answer but yes, and where nobody can be asked. */
export async function askYes(what: string, { isTerminal, openInput, write }: Invocation): Promise<void> {
  if (!isTerminal) throw new UsageError(`${what}: give --yes, as nobody can be asked here; nothing is done`);
  await write(`${what}? [y/N] `);
  const lines = createInterface({ input: openInput() });
  try {
    for await (const answer of lines) {
      if (/^y(?:es)?$/i.test(answer.trim())) return;
      break;
    }
    throw new UsageError(`${what}: not confirmed; nothing is done`);
  } finally {
    lines.close();
  }
}
