import { Readable } from "node:stream";
import { runCommand } from "../../../src/cli/cli.ts";
import type { Screen } from "../../../src/cli/command/command.ts";
import { ConfigError, NotFoundError, RefusedError, UpstreamError, UsageError } from "../../../src/errors.ts";
import type { Ended } from "./program.ts";
import { serverUrl } from "../servers/redis/redis.ts";

export interface Here {
  readonly screen?: Screen | null;
  readonly stop?: AbortSignal;
  /** Told everything that is printed, as it is printed. */
  readonly onPrint?: (text: string) => void;
  readonly input?: string | Buffer;
  readonly isTerminal?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a command line in this process: what a process of its own would print, and the code that it would end with. */
export async function runHere(args: readonly string[], here: Here = {}): Promise<Ended> {
  let [out, err] = ["", ""];
  const write = (text: string): Promise<void> => {
    out += text;
    here.onPrint?.(text);
    return Promise.resolve();
  };
  const warn = (line: string): void => {
    err += `clean-amis: ${line}\n`;
    here.onPrint?.(line);
  };
  try {
    const code = await runCommand(args, {
      env: { REDIS_URL: serverUrl("TEST_REDIS_URL"), ...here.env },
      openInput: () => Readable.from([here.input ?? ""]),
      print: (lines) => write(`${lines}\n`),
      write,
      warn,
      stop: here.stop ?? new AbortController().signal,
      isTerminal: here.isTerminal ?? false,
      screen: () => here.screen ?? null,
    });
    return { code, out, err };
  } catch (error) {
    const isUsage = error instanceof UsageError || error instanceof ConfigError;
    const isTold = error instanceof UpstreamError || error instanceof RefusedError || error instanceof NotFoundError;
    if (!isUsage && !isTold) throw error;
    warn(error.message);
    return { code: isUsage ? 2 : 1, out, err };
  }
}
