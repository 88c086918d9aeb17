import type { Readable } from "node:stream";
import { configPath, loadConfig, type Config, type Scope } from "../config.ts";

/** What a command is given: its words, the environment, standard input, a place for its lines, and the order to stop. */
export interface Invocation {
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: Readable;
  /** Writes a line to standard output; resolves when the reader is ready for more. */
  readonly print: (line: string) => Promise<void>;
  readonly stop: AbortSignal;
}

/** One row of the table of commands. */
export interface Command {
  readonly summary: string;
  /** The words after the options, as the help shows them; empty: none are taken. */
  readonly positionals: string;
  readonly options: Readonly<Record<string, { readonly type: "string" | "boolean"; readonly help: string }>>;
  /** Two command lines that can be typed as they are. */
  readonly examples: readonly [string, string];
  /** Resolves to the exit code. Throws `UsageError`, `ConfigError`, `UpstreamError`, `RefusedError`. */
  readonly run: (invocation: Invocation) => Promise<number>;
}

export const CONFIG = {
  type: "string",
  help: "configuration file (else FEDORA_MESSAGING_CONF, else ./config.toml)",
} as const;

/** The configuration that the command line names; `records` is for what needs Redis alone, and no secret but its address. */
export function configOf({ options, env }: Invocation, scope: Scope = "service"): Config {
  const { config } = options;
  return loadConfig(configPath(typeof config === "string" ? config : undefined, env), env, scope);
}
