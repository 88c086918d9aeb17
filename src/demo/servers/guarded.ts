import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { GuardianNews, GuardianOrder } from "./guardian.ts";
import { SetupError } from "./setup-error.ts";
import { describeError } from "../../errors.ts";

/** A temporary directory and the programs started in it; both vanish with `stop` or with this process. */
export type Guarded = {
  readonly dir: string;
  readonly start: (order: GuardianOrder) => Promise<GuardedProgram>;
  /** Ends the programs and removes the directory; may be called again. */
  readonly stop: () => Promise<void>;
};

export type GuardedProgram = {
  readonly pid: number;
  /** "SIGKILL" or "exit code 1" once it has ended. */
  readonly ended: () => string | null;
  /** Resolves when it has ended. Throws a `SetupError` when the guardian is gone. */
  readonly end: () => Promise<void>;
  /** The last lines it printed. */
  readonly lastLines: () => Promise<string>;
};

export async function openGuarded(): Promise<Guarded> {
  const guardian = spawn(process.execPath, [fileURLToPath(new URL("./guardian.js", import.meta.url))], {
    // A session of its own: Ctrl-C reaches every process of the terminal's group, and it must survive to tidy up.
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    // No NODE_OPTIONS: a test runner's hooks have no business in there.
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", TMPDIR: tmpdir() },
  });
  const gone = once(guardian, "close");
  const endings = new Map<number, string>();
  const changes = new EventEmitter();
  const answers: ((news: GuardianNews) => void)[] = [];
  const answer = (): Promise<GuardianNews> =>
    new Promise((resolve) => {
      answers.push(resolve);
    });
  createInterface({ input: guardian.stdout }).on("line", (line) => {
    const news = JSON.parse(line) as GuardianNews;
    if (news.what === "ended") {
      endings.set(news.pid, news.how);
      changes.emit("change");
    } else answers.shift()?.(news);
  });
  guardian.stdin.on("error", () => undefined); // A guardian that is gone shows itself in `gone`.
  void gone.then(() => {
    for (const resolve of answers.splice(0)) resolve({ what: "refused", reason: "the guardian process ended" });
    changes.emit("change");
  });

  const opened = await answer();
  if (opened.what !== "open") {
    const why = opened.what === "refused" ? opened.reason : opened.what;
    throw new SetupError(`The process that guards the private servers did not start: ${why}.`);
  }
  const { dir } = opened;
  return {
    dir,
    start: async (order) => {
      const started = answer();
      guardian.stdin.write(`${JSON.stringify(order)}\n`);
      const news = await started;
      if (news.what !== "started") throw new SetupError(`${order.command} cannot be started: ${JSON.stringify(news)}`);
      return {
        pid: news.pid,
        ended: () => endings.get(news.pid) ?? null,
        end: async () => {
          while (!endings.has(news.pid)) {
            if (guardian.exitCode !== null || guardian.signalCode !== null)
              throw new SetupError("The process that guards the private servers ended.");
            await once(changes, "change");
          }
        },
        lastLines: async () =>
          (await readFile(join(dir, order.log), "utf8")).trimEnd().split("\n").slice(-15).join("\n"),
      };
    },
    stop: async () => {
      guardian.stdin.end();
      await gone;
    },
  };
}

/** Tries until `probe` succeeds. A program that ends or stays silent makes an error with the last lines of its log. */
export async function untilReady(
  what: string,
  program: GuardedProgram,
  probe: () => Promise<void>,
  limitMs: number,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      await probe();
      return;
    } catch (error) {
      const ended = program.ended();
      if (ended === null && performance.now() < deadline) {
        await pause(50);
        continue;
      }
      const why =
        ended === null ? `did not answer within ${limitMs / 1000} s (${describeError(error)})` : `ended: ${ended}`;
      throw new SetupError(`${what} ${why}. The last lines of its log:\n${await program.lastLines()}`, {
        cause: error,
      });
    }
  }
}
