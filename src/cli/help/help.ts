import { optionName, type Command, type Commands } from "../command/command.ts";
import { EXIT_CODES } from "../command/exit-codes.ts";
import { manPage } from "./man.ts";
import { wrapped } from "../terminal/show.ts";
import { didYouMean } from "../../domain/words.ts";
import { UsageError } from "../../errors.ts";

/** The widest help; a narrower terminal is kept to. */
const WIDTH = 80;
/** Beside a name that leaves less than this, a text begins on the next line. */
const LEAST_TEXT = 24;

/** The help, made from the table of commands. */
export function helpCommand(commands: () => Commands): Command {
  return {
    summary: "what there is, or the options of one command; as a man page with --man",
    positionals: "[COMMAND]",
    options: { man: { type: "boolean", help: "print the manual page of all commands, as roff" } },
    examples: ["clean-amis help tick", "clean-amis help --man | man -l -"],
    run: async ({ options, positionals, screen, print }) => {
      const columns = screen()?.columns;
      const [name, ...more] = positionals;
      if (more.length > 0) throw new UsageError("help: give one COMMAND, or none");
      if (options["man"] === true) {
        if (name !== undefined) throw new UsageError("help: --man is about every command: give no COMMAND");
        await print(manPage(commands()));
      } else if (name === undefined) await print(helpText(commands(), columns));
      else await print(helpOf(name, commandOf(name, commands()), columns));
      return EXIT_CODES.done.code;
    },
  };
}

/** The command of that name. Throws `UsageError` with the nearest one. */
export function commandOf(name: string, commands: Commands): Command {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command !== undefined) return command;
  const known = Object.keys(commands);
  // An option comes after the command: the nearest word to --config would only mislead.
  const hint = name.startsWith("-") ? `one of ${known.join(", ")}` : didYouMean(name, known);
  throw new UsageError(`unknown command ${JSON.stringify(name)}: ${hint}`);
}

/** All commands, in lines of at most 80 columns, or as many as the terminal has. */
export function helpText(commands: Commands, columns?: number): string {
  const width = widthOf(columns);
  return [
    "usage: clean-amis COMMAND [OPTION…]",
    "",
    ...rows(
      Object.entries(commands).map(([name, { summary }]) => [name, summary] as const),
      width,
    ),
    "",
    "exit codes:",
    ...rows(
      Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning] as const),
      width,
    ),
    "",
    ...wrapped(
      "clean-amis COMMAND --help tells the options of a command, and --version which clean-amis this is.",
      width,
    ),
  ].join("\n");
}

/** One command: usage, options, examples. */
export function helpOf(name: string, command: Command, columns?: number): string {
  const width = widthOf(columns);
  const options = Object.entries(command.options).map(
    ([key, option]) => [optionName(key, option), option.help] as const,
  );
  return [
    ...wrapped(usageOf(name, command), width),
    "",
    ...wrapped(command.summary, width),
    "",
    ...rows([...options, ["--help", "this"] as const], width),
    "",
    "examples:",
    ...command.examples.flatMap((line) => broken(line, width)),
  ].join("\n");
}

/** A command line as it can be typed, over several lines where it is too long for one. */
function broken(line: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const part of line.split(/ (?=--|\|)/)) {
    const last = lines.at(-1);
    const isRoom = last !== undefined && last.length + 1 + part.length + " \\".length <= width;
    if (isRoom) lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(`${last === undefined ? "" : "  "}  ${part}`);
  }
  return lines.map((text, index) => (index === lines.length - 1 ? text : `${text} \\`));
}

function usageOf(name: string, { positionals }: Pick<Command, "positionals">): string {
  return `usage: clean-amis ${[name, "[OPTION…]", positionals].join(" ").trimEnd()}`;
}

function widthOf(columns = WIDTH): number {
  return Math.min(WIDTH, Math.max(columns, 1));
}

/** Names in one column, texts wrapped in another; where a text has no room there, it begins under its name. */
function rows(pairs: readonly (readonly [name: string, text: string])[], width: number): readonly string[] {
  const column = Math.max(...pairs.map(([name]) => name.length)) + 4;
  const isBeside = width - column >= LEAST_TEXT;
  return pairs.flatMap(([name, text]) => {
    const indent = " ".repeat(isBeside ? column : 6);
    const [first = "", ...rest] = wrapped(text, width - indent.length).map((line) => indent + line);
    return isBeside ? [`  ${name}`.padEnd(column) + first.slice(column), ...rest] : [`  ${name}`, first, ...rest];
  });
}
