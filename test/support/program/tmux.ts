import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Test } from "tap";
import { readDistribution } from "../../../src/demo/servers/distribution.ts";
import { openGuarded } from "../../../src/demo/servers/guarded.ts";
import type { Bundle } from "../../../src/demo/servers/packages/packager.ts";
import { writeStarter } from "../../../src/demo/servers/packages/starters.ts";
import { unpackBundle } from "../../../src/demo/servers/packages/unpack.ts";
import { firstProgram, isProgram } from "../../../src/demo/servers/programs.ts";
import { describeError } from "../../../src/errors.ts";
import { until } from "../servers/broker/bus.ts";

const execute = promisify(execFile);

const ENV = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", TERM: "xterm-256color", LC_ALL: "C.UTF-8" };

const BUNDLE: Bundle = {
  wanted: ["tmux"],
  wantedByDnf: ["tmux"],
  isOurs: (name) => name === "tmux",
  writeStarters: (root) => writeStarter(root, "tmux", 'exec "$root/usr/bin/tmux" "$@"'),
  proofs: [["tmux", "-V"]],
};

/**
 * tmux of this machine, else the distribution's package unpacked in the cache without being installed; else the reason why
 * there is none.
 */
export async function findTmux(): Promise<{ readonly program: string } | { readonly missing: string }> {
  const installed = firstProgram(["tmux"], (process.env["PATH"] ?? "").split(":"));
  if (installed !== null) return { program: installed };
  const { name } = readDistribution();
  const cacheHome = process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? homedir(), ".cache");
  const folder = join(cacheHome, "clean-amis", `tmux-${name}-${process.arch}`);
  const program = join(folder, "bin/tmux");
  try {
    if (!isProgram(program)) await unpackBundle(BUNDLE, folder, {});
    return { program };
  } catch (error) {
    return { missing: `tmux is not on this machine and cannot be unpacked: ${describeError(error)}` };
  }
}

/** A terminal of its own, with a shell in it; it ends with the test. */
export class Terminal {
  readonly #program: string;
  readonly #socket: string;

  private constructor(program: string, socket: string) {
    this.#program = program;
    this.#socket = socket;
  }

  static async open(
    test: Test,
    program: string,
    { columns, rows, env }: { readonly columns: number; readonly rows: number; readonly env: Record<string, string> },
  ): Promise<Terminal> {
    // Guarded, so that no server of ours outlives a test that was killed.
    const guarded = await openGuarded();
    test.teardown(() => guarded.stop());
    const terminal = new Terminal(program, join(guarded.dir, "tmux"));
    const server = ["-u", "-S", terminal.#socket, "-f", "/dev/null", "-D"];
    await guarded.start({ command: program, args: server, env: ENV, log: "tmux.log" });
    await until("tmux listens", () => Promise.resolve(existsSync(terminal.#socket)));
    const words = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const size = ["-x", String(columns), "-y", String(rows)];
    await terminal.#tmux("new-session", "-d", ...size, ...words, "PS1='ready$ ' exec /bin/sh");
    await terminal.shows(/ready\$/);
    return terminal;
  }

  /** Types a line, and Return. */
  async type(line: string): Promise<void> {
    await this.#tmux("send-keys", "-l", line);
    await this.#tmux("send-keys", "Enter");
  }

  /** Presses a key by the name that tmux gives it, such as `C-c`. */
  async press(key: string): Promise<void> {
    await this.#tmux("send-keys", key);
  }

  /** What is on the screen; with `isColoured` the colours are there as escape sequences. */
  async screen(isColoured = false): Promise<string> {
    return this.#tmux("capture-pane", "-p", ...(isColoured ? ["-e"] : []));
  }

  /** Waits until the screen shows it; resolves to the whole screen. */
  async shows(what: RegExp): Promise<string> {
    let seen = "";
    try {
      await until(`the screen shows ${String(what)}`, async () => what.test((seen = await this.screen())));
    } catch (error) {
      throw new Error(`${describeError(error)}; it shows:\n${seen}`, { cause: error });
    }
    return seen;
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    return (await execute(this.#program, ["-u", "-S", this.#socket, ...args], { env: ENV })).stdout;
  }
}
