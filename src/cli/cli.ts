import { parseArgs } from "node:util";
import { subWordsOf, type Command, type Commands, type Invocation } from "./command/command.ts";
import { commandOf, helpOf, helpText } from "./help/help.ts";
import { consumeCommand } from "./run/consume.ts";
import { VERSION } from "../config/version.ts";
import { untilStopped } from "../app/life/stop.ts";
import { didYouMean, nearest } from "../domain/words.ts";
import { describeError, UsageError } from "../errors.ts";

/** Runs a command line, and resolves to the exit code. Throws what `Command.run` throws. */
export async function runCommand(
  argv: readonly string[],
  rest: Omit<Invocation, "options" | "positionals">,
): Promise<number> {
  const [name = "--help", ...args] = argv;
  if (name === "--help" || name === "-h") {
    await rest.print(helpText(await allCommands(), rest.screen()?.columns));
    return 0;
  }
  if (name === "--version") {
    await rest.print(`clean-amis ${VERSION}`);
    return 0;
  }
  // The service starts without the files of the others.
  const command = name === "consume" ? consumeCommand : commandOf(name, await allCommands());
  const end = args.indexOf("--");
  if (args.slice(0, end < 0 ? args.length : end).some((word) => word === "--help" || word === "-h")) {
    await rest.print(helpOf(name, command, rest.screen()?.columns));
    return 0;
  }
  const run = (): Promise<number> => command.run({ ...rest, ...wordsOf(name, command, args) });
  return command.endsInOrder === true ? run() : untilStopped(rest.stop, run);
}

async function allCommands(): Promise<Commands> {
  return (await import("./commands.ts")).COMMANDS;
}

/** Options and positionals as the command declares them. Throws `UsageError` with the nearest word for one it has not. */
function wordsOf(name: string, command: Command, args: string[]): Pick<Invocation, "options" | "positionals"> {
  const words = parse(name, command, args);
  const known = subWordsOf(command);
  const [first] = words.positionals;
  if (known.length > 0 && first !== undefined && !known.includes(first))
    throw new UsageError(`${name}: unknown word ${JSON.stringify(first)}: ${didYouMean(first, known)}`);
  if (known.length > 0 && first === undefined && !command.positionals.startsWith("["))
    throw new UsageError(`${name}: give one of ${known.join(", ")}`);
  return words;
}

function parse(name: string, command: Command, args: string[]): Pick<Invocation, "options" | "positionals"> {
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
    const what = describeError(error).split(". ")[0] ?? "";
    const unknown = /^Unknown option '(?<option>[^']+)'/.exec(what)?.groups?.["option"];
    const guess = unknown === undefined ? null : nearest(unknown, known);
    const hint = guess === null ? "" : `: did you mean ${guess}?`;
    throw new UsageError(`${name}: ${what}${hint} (known: ${known.join(", ")})`, { cause: error });
  }
}

/** `--watch` as `--watch=5`, where the option says what it means without a value. */
function withValue(arg: string, { options }: Command): string {
  const name = arg.startsWith("--") ? arg.slice(2) : "";
  const bare = Object.hasOwn(options, name) ? options[name]?.bare : undefined;
  return bare === undefined ? arg : `${arg}=${bare}`;
}
