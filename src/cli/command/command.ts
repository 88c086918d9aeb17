import { exitCode } from "./exit-codes.ts";
import type { Readable } from "node:stream";
import type { Records } from "../../app/records.ts";
import { configPath, loadConfig, type Config } from "../../config/config.ts";
import type { Part } from "../../config/file.ts";
import { UsageError } from "../../errors.ts";

/** What a command is given: its words, the environment, standard input, a place for its lines, and the order to stop. */
export interface Invocation {
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard input; reading it fails as soon as `stop` says so. */
  readonly openInput: () => Readable;
  /** Writes a line, or several, to standard output; resolves when the reader is ready for more. */
  readonly print: (lines: string) => Promise<void>;
  /** Writes to standard output as it is, without a newline. */
  readonly write: (text: string) => Promise<void>;
  /** One line for a person beside the output, on standard error. */
  readonly warn: (line: string) => void;
  readonly stop: AbortSignal;
  /** Whether a person sits at standard input and output, who can be asked. */
  readonly isTerminal: boolean;
  /** What a person sees the output on, asked anew as it may be resized; null: standard output is no terminal. */
  readonly screen: () => Screen | null;
}

/** A terminal's size in cells, and whether colours are wanted there. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly isColoured: boolean;
}

/** An option of a command. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly help: string;
  /** What it means when it is given without a value; one is given as `--name=value` alone. */
  readonly bare?: string;
  /** What the help calls its value; absent: VALUE. */
  readonly value?: string;
  /** It may be given several times: the values come with commas between them. */
  readonly isList?: true;
  /** What a shell completes its value with: these words, or the names of files; absent: it does not know. */
  readonly values?: readonly string[] | "file";
}

/** The table of commands, by name. */
export type Commands = Readonly<Record<string, Command>>;

/** One row of the table of commands. */
export interface Command {
  readonly summary: string;
  /**
   * The words after the options, as the help shows them; empty: none are taken. Where all alternatives of the first word are
   * in lower case, `[list|show AMI]`, it is one of these, and anything else is refused.
   */
  readonly positionals: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Two command lines that can be typed as they are. */
  readonly examples: readonly [string, string];
  /** Told to stop, it ends in order and within seconds by itself: its calls are not cut off. */
  readonly endsInOrder?: true;
  /** Resolves to the exit code. Throws `UsageError`, `ConfigError`, `NotFoundError`, `UpstreamError`, `RefusedError`. */
  readonly run: (invocation: Invocation) => Promise<number>;
}

export const CONFIG = {
  type: "string",
  help: "configuration file (else FEDORA_MESSAGING_CONF, ./config.toml, /etc/fedora-messaging/config.toml)",
  values: "file",
} as const;

/** As it is typed: `--config VALUE`, `--once`, `--watch[=SECONDS]`. */
export function optionName(key: string, { type, bare, value = "VALUE" }: Option): string {
  if (bare !== undefined) return `--${key}[=${value}]`;
  return `--${key}${type === "string" ? ` ${value}` : ""}`;
}

/** The words of which the first one is, where it is one of a fixed set; none otherwise: `[check|show]` gives both. */
export function subWordsOf({ positionals }: Pick<Command, "positionals">): readonly string[] {
  const words = positionals.split("|").map((text) => /^\[?(?<word>[a-z][a-z-]*)/.exec(text)?.groups?.["word"]);
  const known = words.filter((word) => word !== undefined);
  return known.length === words.length ? known : [];
}

/** What the first word after a command may be, as far as that is a fixed set: one of its own words, or a command. */
export function firstWordsOf(command: Command, commands: Commands): readonly string[] {
  return command.positionals === "[COMMAND]" ? Object.keys(commands) : subWordsOf(command);
}

/** Whether a command takes the name of a file. */
export function takesFile({ positionals }: Command): boolean {
  return positionals.includes("FILE");
}

/** Whether a command takes the ids of images. */
export function takesAmi({ positionals }: Command): boolean {
  return /\bAMI\b/.test(positionals);
}

/** The one word that a command takes. Throws `UsageError` for none or several. */
export function onlyWord({ positionals }: Invocation, usage: string): string {
  const [word, ...more] = positionals;
  if (word === undefined || more.length > 0) throw new UsageError(usage);
  return word;
}

/** The text of an option, or undefined when it was not given. */
export function textOf({ options }: Pick<Invocation, "options">, name: string): string | undefined {
  const value = options[name];
  return typeof value === "string" ? value : undefined;
}

/**
 * Works with what is remembered, tells what of it could not be read, and closes it. Throws what `work` and the opening of
 * Redis throw.
 */
export async function withRecords(
  invocation: Invocation,
  work: (records: Records, config: Config) => Promise<number>,
): Promise<number> {
  const config = configOf(invocation, []);
  const { openRecords } = await import("../../app/records.ts");
  const records = await openRecords(config);
  try {
    const code = await work(records, config);
    const strange = records.strangeThings();
    for (const { problem } of strange) invocation.warn(problem);
    return code === exitCode("done") && strange.length > 0 ? exitCode("failed") : code;
  } finally {
    await records.close();
  }
}

/** The configuration that the command line names, for what needs these parts beside Redis; else for all. */
export function configOf(invocation: Invocation, parts?: readonly Part[]): Config {
  const { env } = invocation;
  return loadConfig(configPath(textOf(invocation, "config"), env), env, parts);
}
