import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { serverUrl } from "../servers/redis/redis.ts";

/** The built program, as its users start it. */
export const MAIN = fileURLToPath(new URL("../../../src/main.js", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Surroundings {
  readonly cwd?: string;
  /** Beside the run's Redis. */
  readonly env?: Readonly<Record<string, string>>;
  /** For node itself. */
  readonly nodeArgs?: readonly string[];
}

/** Starts the program with nothing in its environment but the run's Redis and what is given; it ends with the test. */
export function startProgram(
  test: Test,
  args: readonly string[],
  { cwd, env = {}, nodeArgs = [] }: Surroundings = {},
): ChildProcessWithoutNullStreams {
  const all = { REDIS_URL: serverUrl("TEST_REDIS_URL"), ...env };
  const child = spawn(process.execPath, [...nodeArgs, MAIN, ...args], {
    env: all,
    ...(cwd === undefined ? {} : { cwd }),
  });
  test.teardown(() => child.kill("SIGKILL"));
  // A program that ends without reading closes its end of the pipe: that is its right.
  child.stdin.on("error", () => undefined);
  return child;
}

export async function runProgram(
  test: Test,
  args: readonly string[],
  { input = "", ...surroundings }: Surroundings & { readonly input?: string | Buffer } = {},
): Promise<Ended> {
  const child = startProgram(test, args, surroundings);
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, out, err };
}

/** A configuration file over the keys of this connection, in the test's own folder. */
export function configFile(test: Test, { keys }: RedisConnection, more = ""): string {
  const prefix = keys.format.replace(/:format$/, "");
  const dir = test.testdir({ "config.toml": `[consumer_config]\nredis_prefix = "${prefix}"\n${more}` });
  return join(dir, "config.toml");
}

/** One line for a person on standard error, and nothing else anywhere. */
export function isRefusal(test: Test, { code, out, err }: Ended, expected: number, line: RegExp): void {
  test.same([code, out], [expected, ""]);
  test.match(err, line);
  test.match(err, /^clean-amis: [^\n]+\n$/, "one line");
}
