import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.js", import.meta.url));

/** A line of the service's log. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

/** The service as an operator runs it: a process of its own, with a configuration file and secrets in its environment. */
export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(line: LogLine) => void>();
  readonly lines: LogLine[] = [];
  /** What it wrote to standard error: nothing, unless something is wrong. */
  complaints = "";

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const path = process.env["PATH"] ?? "";
    // The SDK says on every start that Node 20 will be left behind; on one's screen that hides what matters.
    const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: path, ...quiet, ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.complaints += text));
    if (this.#child.stdout !== null)
      createInterface({ input: this.#child.stdout }).on("line", (text) => {
        const line = text.startsWith("{") ? (JSON.parse(text) as LogLine) : { msg: text };
        this.lines.push(line);
        for (const listener of this.#listeners) listener(line);
      });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The first line, past or to come, that `matches`. Rejects when the service ends before. */
  async line(matches: (line: LogLine) => boolean): Promise<LogLine> {
    const past = this.lines.find(matches);
    if (past !== undefined) return past;
    return new Promise((resolve, reject) => {
      const listener = (line: LogLine): void => {
        if (!matches(line)) return;
        this.#listeners.delete(listener);
        resolve(line);
      };
      this.#listeners.add(listener);
      this.#child.once("exit", (code) => {
        reject(new Error(`the service ended with ${String(code)} before it said so: ${this.complaints}`));
      });
    });
  }

  /** Sends the signal and resolves to the exit code, null after a kill. May be called after the end. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const ended = once(this.#child, "exit") as Promise<[number | null]>;
    this.#child.kill(signal);
    return (await ended)[0];
  }
}
