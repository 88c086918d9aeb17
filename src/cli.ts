import { parseArgs } from "node:util";
import { backfillCommand } from "./commands/backfill.ts";
import { classifyCommand } from "./commands/classify.ts";
import type { Command, Invocation } from "./commands/command.ts";
import { consume } from "./commands/consume.ts";
import { explain } from "./commands/explain.ts";
import { events } from "./commands/events.ts";
import { history } from "./commands/history.ts";
import { hold, release, restore, retry } from "./commands/operate.ts";
import { pause, resume } from "./commands/pause.ts";
import { reconcileCommand } from "./commands/reconcile.ts";
import { queue } from "./commands/queue.ts";
import { rejected } from "./commands/rejected.ts";
import { replay } from "./commands/replay.ts";
import { report } from "./commands/report.ts";
import { tick } from "./commands/tick.ts";
import { describeError, UsageError } from "./errors.ts";
import { nearest } from "./nearest.ts";

/** Every command; `--help` is made from this table. */
const COMMANDS: Readonly<Record<string, Command>> = {
  consume,
  tick,
  backfill: backfillCommand,
  reconcile: reconcileCommand,
  queue,
  explain,
  history,
  events,
  rejected,
  classify: classifyCommand,
  replay,
  report,
  hold,
  release,
  restore,
  retry,
  pause,
  resume,
};

/** Runs a command line, and resolves to the exit code. Throws what `Command.run` throws. */
export async function runCommand(
  argv: readonly string[],
  rest: Omit<Invocation, "options" | "positionals">,
): Promise<number> {
  const [name = "--help", ...args] = argv;
  if (name === "--help" || name === "-h" || name === "help") {
    await rest.print(helpText());
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const guess = nearest(name, Object.keys(COMMANDS));
    const hint = guess === null ? `one of ${Object.keys(COMMANDS).join(", ")}` : `did you mean ${guess}?`;
    throw new UsageError(`unknown command ${JSON.stringify(name)}: ${hint}`);
  }
  if (args.includes("--help")) {
    await rest.print(helpOf(name, command));
    return 0;
  }
  return command.run({ ...rest, ...wordsOf(name, command, args) });
}

function wordsOf(name: string, command: Command, args: string[]): Pick<Invocation, "options" | "positionals"> {
  try {
    const options = Object.fromEntries(
      Object.entries(command.options).map(([key, { type, isList = false }]) => [key, { type, multiple: isList }]),
    );
    const words = args.map((arg) => withValue(arg, command));
    const { values, positionals } = parseArgs({ args: words, options, allowPositionals: command.positionals !== "" });
    const joined = Object.entries(values).map(([key, value]) => [key, Array.isArray(value) ? value.join(",") : value]);
    return { options: Object.fromEntries(joined) as Invocation["options"], positionals };
  } catch (error) {
    const known = Object.keys(command.options).map((option) => `--${option}`);
    throw new UsageError(`${name}: ${describeError(error).split(". ")[0] ?? ""} (known: ${known.join(", ")})`, {
      cause: error,
    });
  }
}

/** `--watch` as `--watch=5`, where the option says what it means without a value. */
function withValue(arg: string, { options }: Command): string {
  const name = arg.startsWith("--") ? arg.slice(2) : "";
  const bare = Object.hasOwn(options, name) ? options[name]?.bare : undefined;
  return bare === undefined ? arg : `${arg}=${bare}`;
}

function helpText(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  const usage = "usage: clean-amis COMMAND [OPTION…]";
  return [usage, "", ...lines, "", "clean-amis COMMAND --help tells its options."].join("\n");
}

function helpOf(name: string, { summary, positionals, options, examples }: Command): string {
  const lines = Object.entries(options).map(
    ([key, { type, help }]) => `  ${`--${key}${type === "string" ? " VALUE" : ""}`.padEnd(16)} ${help}`,
  );
  const usage = `usage: clean-amis ${[name, "[OPTION…]", positionals].join(" ").trimEnd()}`;
  return [usage, "", summary, "", ...lines, "", "examples:", ...examples.map((line) => `  ${line}`)].join("\n");
}
