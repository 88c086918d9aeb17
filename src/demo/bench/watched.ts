import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Linux counts a process' time in hundredths of a second. */
const TICKS_A_SECOND = 100;

/** One of our programs at work, whose cost is read from /proc. */
export interface Watched {
  /** CPU seconds so far, of all its threads. */
  readonly cpuSeconds: () => Promise<number>;
  /** Its resident set, and the largest so far, in MiB. */
  readonly memory: () => Promise<{ readonly now: number; readonly largest: number }>;
  /** Every line that it printed so far. */
  readonly lines: readonly string[];
  /** Resolves with the next line that `isWanted`. Rejects when it ends before. */
  readonly nextLine: (isWanted: (line: string) => boolean) => Promise<string>;
  /** To its standard input. */
  readonly write: (text: string) => void;
  /** Asks it to end, and waits. */
  readonly stop: () => Promise<void>;
  /** Waits for its end. Throws when it failed. */
  readonly ended: () => Promise<void>;
}

/** Starts a program, named from this folder, with nothing of our environment but the path. */
export function startWatched(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Watched {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url)), ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(child, "close") as Promise<[code: number | null, signal: string | null]>;
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  const proc = (name: string): Promise<string> => readFile(`/proc/${child.pid ?? 0}/${name}`, "utf8");
  const ended = async (): Promise<void> => {
    const [code, signal] = await closed;
    if (code !== 0) throw new Error(`${program} ended with ${String(code ?? signal)}:\n${lines.slice(-5).join("\n")}`);
  };
  return {
    lines,
    cpuSeconds: async () => {
      // Behind the name of the program, which may hold anything but ends with the last bracket.
      const fields = (await proc("stat")).replace(/^.*\) /s, "").split(" ");
      return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
    },
    memory: async () => {
      const status = await proc("status");
      const mib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
      return { now: mib("VmRSS"), largest: mib("VmHWM") };
    },
    nextLine: (isWanted) =>
      new Promise((resolve, reject) => {
        const look = (line: string): void => {
          if (!isWanted(line)) return;
          reader.off("line", look);
          resolve(line);
        };
        reader.on("line", look);
        void closed.then(() => {
          reject(new Error(`${program} ended:\n${lines.slice(-5).join("\n")}`));
        });
      }),
    write: (text) => {
      child.stdin.write(text);
    },
    stop: async () => {
      child.kill();
      await ended();
    },
    ended,
  };
}
