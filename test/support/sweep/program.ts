import { fork, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { MAIN } from "../program/program.ts";

/** Nobody waits longer than this for a process, nor for what is due, on the busiest machine: milliseconds. */
export const PATIENCE_MS = 180_000;

/** The SDK's word on old versions of Node is not ours to repeat. */
export const NO_WARNING = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };

export interface HostOrder {
  readonly id: number;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface HostAnswer extends Ended {
  readonly id: number;
}

interface Ended {
  readonly code: number | null;
  /** Both outputs. */
  readonly says: string;
}

/** One run of the built program in a process of its own, that may be killed. */
export interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended & { readonly signal: string | null; readonly hasHung: boolean }>;
}

/** Starts the built program, as its users do. */
export function startProcess(argv: readonly string[], env: Readonly<Record<string, string>>): Run {
  const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: ["ignore", "pipe", "pipe"] });
  let hasHung = false;
  const lastResort = setTimeout(() => {
    hasHung = true;
    child.kill("SIGKILL");
  }, PATIENCE_MS);
  const ended = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(([, out, err]) => {
    clearTimeout(lastResort);
    return { code: child.exitCode, signal: child.signalCode, hasHung, says: out + err };
  });
  return { child, ended };
}

/**
 * Another process of the program, that knows nothing of what a killed one had in memory: the restart after a kill, and every
 * pass that is not to be killed.
 */
export class Host {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Ended) => void>();
  #orders = 0;

  constructor() {
    const path = fileURLToPath(new URL("./host.js", import.meta.url));
    // What is logged goes where it does not mix with the test's own lines.
    this.#child = fork(path, { env: NO_WARNING, stdio: ["ignore", process.stderr, "inherit", "ipc"] });
    this.#child.on("message", (message) => {
      const answer = message as HostAnswer;
      this.#waiting.get(answer.id)?.(answer);
    });
    this.#child.on("exit", (code, signal) => {
      for (const answer of this.#waiting.values())
        answer({ code: 1, says: `the host ended with ${String(signal ?? code)}` });
    });
  }

  /** Runs one command line. Throws when it does not end with exit code 0, or not at all. */
  async run(argv: readonly string[], env: HostOrder["env"]): Promise<void> {
    this.#orders += 1;
    const id = this.#orders;
    const what = argv.slice(0, 2).join(" ");
    const { code, says } = await new Promise<Ended>((resolve) => {
      const lastResort = setTimeout(() => {
        resolve({ code: null, says: "it was waited for in vain" });
      }, PATIENCE_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(lastResort);
        resolve(answer);
      });
      if (!this.#child.connected) this.#waiting.get(id)?.({ code: 1, says: "the host is gone" });
      else this.#child.send({ id, argv, env } satisfies HostOrder);
    });
    this.#waiting.delete(id);
    if (code !== 0) throw new Error(`${what} ended with ${String(code)}: ${says}`);
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
