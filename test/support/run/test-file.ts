import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Parser } from "tap-parser";
import { SecretWatch } from "./secrets.ts";
import { Block, type Outcome, type Point } from "./tally.ts";

const PRELOAD = new URL("preload.js", import.meta.url).href;

/** Seconds that a file may take when it says nothing else; `t.setTimeout` says it. */
const LIMIT_S = 300;
/** The file's own clock goes first: it knows which test hangs. */
const PATIENCE_MS = 500;
/** What a test that ignores signals gets before it is killed. */
const STOP_MS = 5000;

/** How one test file ended. */
export interface Ended {
  readonly file: string;
  /** Null when it was stopped from outside: then it says nothing. */
  readonly outcome: Outcome | null;
  readonly seconds: number;
  /** Of its own and of what it started; null when it was killed. */
  readonly processorSeconds: number | null;
  /** Where a secret stood in what it wrote, and its first letters. */
  readonly secrets: readonly string[];
  /** What the file says of its run as a whole, such as its seed: its comments outside any test. */
  readonly comments: readonly string[];
}

/**
 * Runs a built test file in a process of its own, as `node FILE`; that process needs nobody who leads it. `complain` is told
 * what it writes to its standard error.
 */
export async function runTestFile(
  file: string,
  env: NodeJS.ProcessEnv,
  stop: AbortSignal,
  complain: (chunk: Buffer) => void = (chunk) => void process.stderr.write(chunk),
): Promise<Ended> {
  const start = performance.now();
  const key = randomUUID();
  const child = spawn(process.execPath, ["--enable-source-maps", "--import", PRELOAD, file], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...env, TAP: "1", TAP_CHILD_ID: "1", TAP_CHILD_KEY: key, TAP_TIMEOUT: String(LIMIT_S) },
  });
  const reading = new Reading(file, child, complain);
  const limit = new Limit(child, key);
  const end = (): void => {
    endSoon(child);
  };
  if (stop.aborted) end();
  else stop.addEventListener("abort", end);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  stop.removeEventListener("abort", end);
  limit.forget();
  const { outcome, ...read } = reading.end(code, signal, limit.isOver);
  const seconds = (performance.now() - start) / 1000;
  return { file, seconds, ...read, outcome: stop.aborted && signal !== null ? null : outcome };
}

function endSoon(child: ChildProcess): void {
  child.kill("SIGTERM");
  setTimeout(() => {
    child.kill("SIGKILL");
  }, STOP_MS).unref();
}

/** What a file writes, as it comes. */
class Reading {
  readonly #parser = new Parser();
  readonly #block: Block;
  readonly #watches = { "standard output": new SecretWatch(), "standard error": new SecretWatch() };
  readonly #comments: string[] = [];
  #processorSeconds: number | null = null;

  constructor(file: string, child: ChildProcess, complain: (chunk: Buffer) => void) {
    this.#block = new Block(file, this.#parser);
    this.#parser.on("comment", (text: string) => {
      const seconds = /^# cpu=([\d.]+)$/m.exec(text)?.[1];
      if (seconds !== undefined) this.#processorSeconds = Number(seconds);
      else if (!/^# (?:Subtest|time=)/.test(text)) this.#comments.push(text.trimEnd());
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#watches["standard output"].read(chunk);
      this.#parser.write(chunk);
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#watches["standard error"].read(chunk);
      complain(chunk);
    });
  }

  end(code: number | null, signal: NodeJS.Signals | null, isOver: boolean) {
    this.#parser.end();
    this.#block.close(closingPoint(this.#parser, code, signal, isOver));
    return {
      outcome: this.#block.outcome(),
      processorSeconds: this.#processorSeconds,
      comments: this.#comments,
      secrets: Object.entries(this.#watches).flatMap(([where, { found }]) =>
        found.map((secret) => `${where}: ${secret}`),
      ),
    };
  }
}

/** The point that a runner's own TAP would have for the file. */
function closingPoint(parser: Parser, code: number | null, signal: NodeJS.Signals | null, isOver: boolean): Point {
  const { results, bailedOut } = parser;
  const skipped = results?.plan.skipAll === true && code === 0;
  const diag = {
    ...(code === null || code === 0 ? {} : { exitCode: code }),
    ...(signal === null ? {} : { signal }),
    ...(isOver ? { timeout: "it had not ended by its limit" } : {}),
    ...(bailedOut === false ? {} : { bailedOut }),
    ...(results === null || results.ok ? {} : { tap: results.failures.slice(0, 3) }),
  };
  return { ok: code === 0 && parser.ok, name: "ends well", skip: skipped, todo: false, diag };
}

/**
 * The time that a file may take. The tap library tells its parent when a file wants another limit, and prints what it waits
 * for when it is told that the time is over.
 */
class Limit {
  isOver = false;
  readonly #child: ChildProcess;
  readonly #key: string;
  #timer: NodeJS.Timeout;

  constructor(child: ChildProcess, key: string) {
    this.#child = child;
    this.#key = key;
    this.#timer = this.#in(LIMIT_S * 1000);
    child.on("message", (message: { readonly key?: string; readonly setTimeout?: number } | null) => {
      if (message?.key !== key || typeof message.setTimeout !== "number") return;
      clearTimeout(this.#timer);
      this.#timer = this.#in(message.setTimeout);
    });
  }

  forget(): void {
    clearTimeout(this.#timer);
  }

  #in(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.isOver = true;
      const word = { tapAbort: "timeout", key: this.#key, child: "1" };
      this.#child.send(word, () => undefined);
      setTimeout(() => this.#child.kill("SIGALRM"), PATIENCE_MS).unref();
      setTimeout(() => this.#child.kill("SIGKILL"), 2 * PATIENCE_MS).unref();
    }, ms + PATIENCE_MS);
  }
}
