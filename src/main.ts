#!/usr/bin/env node
import { once } from "node:events";
import { homedir } from "node:os";
import { addAbortSignal } from "node:stream";
import { inspect } from "node:util";
import { runCommand } from "./cli/cli.ts";
import { exitCode } from "./cli/command/exit-codes.ts";
import type { Screen } from "./cli/command/command.ts";
import { complaintFor } from "./cli/terminal/complaint.ts";
import { ConfigError, NotFoundError, RefusedError, UpstreamError, UsageError } from "./errors.ts";

/** After an order to end, whatever hangs; before the ten seconds after which others would use force. */
const END_WITHIN_MS = 8_000;
/** As package.json says; an older one lacks what is used here and there. */
const OLDEST_NODE = 20;
/** What a command leaves open when it has ended is nobody's. */
const LINGER_MS = 500;
/** What Node waits for in threads that nobody can end: files, and names that the system looks up. */
const IN_A_THREAD = /^(?:FSReq|GetAddrInfoReq|GetNameInfoReq)/;

/** The signal that ordered the end; null: none did. */
let order: NodeJS.Signals | null = null;

/**
 * The process edge: argv, signals, exit codes. 0 done, 1 not found, a service failed or a bug, 2 wrong words or
 * configuration, 4 cut off.
 */
async function main(): Promise<number> {
  // The SDK warns of Node 20 at each start, also in the middle of a table: doctor tells it in its place.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  // Nobody's certificate is taken on trust, whatever the environment says.
  delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  // The SDK looks for its files at home, and fails where the system knows no home of this account.
  if (!hasHome()) process.env["HOME"] = "/nonexistent";
  const stop = new AbortController();
  const end = (signal: NodeJS.Signals): void => {
    order ??= signal;
    stop.abort();
    setTimeout(() => {
      leave(
        fail(
          `did not end within ${END_WITHIN_MS / 1000} s and was cut off: what was under way is due again`,
          exitCode("cutOff"),
        ),
      );
    }, END_WITHIN_MS).unref();
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  // Whoever started us with a channel wants us to end with it, however it ends.
  process.once("disconnect", () => {
    end("SIGTERM");
  });
  process.channel?.unref();
  // Who prints is told of each write that fails; a log, or a complaint, that nobody can read ends nothing.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  try {
    return await runCommand(process.argv.slice(2), {
      env: process.env,
      // Standard input is opened only by who reads it.
      openInput: () => addAbortSignal(stop.signal, process.stdin),
      print: (lines) => write(`${lines}\n`),
      write,
      warn: (line) => {
        complain(`clean-amis: ${line}`, "warn");
      },
      stop: stop.signal,
      isTerminal: process.stdin.isTTY && process.stdout.isTTY,
      screen: screenOf,
    });
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UsageError) return fail(error.message, 2);
    if (error instanceof UpstreamError || error instanceof RefusedError || error instanceof NotFoundError)
      return fail(error.message, 1);
    if (stop.signal.aborted && error instanceof Error && error.name === "AbortError") return fail("interrupted", 1);
    complain(inspect(error), "error");
    return fail("this is a bug in clean-amis: please report it with the lines above", 1);
  }
}

/**
 * Ends the process. Node's own end waits for each of its threads, and so for as long as a name server or a file likes: after an
 * order to end the signal itself does it then.
 */
function leave(code: typeof process.exitCode): void {
  if (order !== null && process.getActiveResourcesInfo().some((each) => IN_A_THREAD.test(each))) {
    process.removeAllListeners(order);
    process.kill(process.pid, order);
  }
  process.exit(code);
}

function hasHome(): boolean {
  try {
    return homedir() !== "";
  } catch {
    return false;
  }
}

async function write(text: string): Promise<void> {
  const isTaken = process.stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
    // A reader that closed the pipe early has seen enough.
    if (error) process.exit(error.code === "EPIPE" ? 0 : 1);
  });
  if (!isTaken) await once(process.stdout, "drain");
}

/** NO_COLOR is a promise of its own (no-color.org); a terminal that does not know its size is taken for the usual one. */
function screenOf(): Screen | null {
  const { stdout, env } = process;
  if (!stdout.isTTY) return null;
  const isColoured = !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return { columns: Math.max(stdout.columns || 80, 20), rows: Math.max(stdout.rows || 24, 5), isColoured };
}

function fail(message: string, code: number): number {
  complain(`clean-amis: ${message}`, "error");
  return code;
}

function complain(text: string, level: "warn" | "error"): void {
  console.error(complaintFor(process.stderr, text, level, process.env));
}

const isOld = Number(process.versions.node.split(".")[0]) < OLDEST_NODE;
process.exitCode = isOld
  ? fail(
      `needs Node ${OLDEST_NODE} or newer, and this is ${process.versions.node}: install one, or put it first on PATH`,
      2,
    )
  : await main();
setTimeout(() => {
  leave(process.exitCode);
}, LINGER_MS).unref();
