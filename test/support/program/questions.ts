import type { Test } from "tap";
import { runProgram } from "./program.ts";

type Answer = Readonly<Record<string, unknown>>;

/** Answers to lines as they stand, each exactly one line to whoever splits lines more often than at newlines. */
export async function ask(
  t: Test,
  lines: readonly (string | Buffer)[],
  args: readonly string[] = [],
): Promise<Answer[]> {
  const input = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from("\n")]));
  const { code, out, err } = await runProgram(t, ["classify", "--stdin", ...args], { input });
  t.same([code, err], [0, ""]);
  return out
    .trimEnd()
    .split(/[\n\u0085\u2028\u2029]/)
    .map((line) => JSON.parse(line) as Answer);
}

/** A line that asks for a compose, with what is known of it. */
export const question = (composeId: string, known: object = {}): string =>
  JSON.stringify({ compose_id: composeId, ...known });
