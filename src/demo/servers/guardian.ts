/**
 * The guardian: a small process that owns one private server and its temporary directory.
 *
 * Whoever wants a server starts a guardian in a session of its own and keeps a pipe to it. The guardian starts the
 * programs, so nothing can run that it does not know. When the pipe closes, for whatever reason (stop, Ctrl-C, SIGKILL of
 * the owner), it ends every process of its session and removes the directory. It outlives its owner by a few seconds.
 *
 * Orders come as JSON lines on stdin, answers and news go as JSON lines to stdout: `GuardianOrder` and `GuardianNews`.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import type { Process } from "./processes.ts";
import { familyOf, isStillRunning } from "./processes.ts";
import { describeError } from "../../errors.ts";

export type GuardianOrder = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** File in the temporary directory that takes stdout and stderr. */
  readonly log: string;
};

export type GuardianNews =
  | { readonly what: "open"; readonly dir: string }
  | { readonly what: "started"; readonly pid: number }
  | { readonly what: "refused"; readonly reason: string }
  | { readonly what: "ended"; readonly pid: number; readonly how: string };

/** How long a server may take to end by itself before it is killed. */
const GRACE_MS = 4000;

// Under a huge limit on open files, as containers have, RabbitMQ needs minutes to start.
const BOUNDED =
  'n=$(ulimit -n); if [ "$n" = unlimited ] || [ "$n" -gt 65536 ]; then ulimit -n 65536; fi; exec "$0" "$@"';

const dir = await mkdtemp(join(tmpdir(), "clean-amis-")).catch((error: unknown) => {
  const reason = `${tmpdir()} cannot be written (${describeError(error)}): name a folder that can in TMPDIR`;
  tell({ what: "refused", reason });
  process.exit(1);
});
let closing = false;

function tell(news: GuardianNews): void {
  process.stdout.write(`${JSON.stringify(news)}\n`);
}

function obey(order: GuardianOrder): void {
  const log = openSync(join(dir, order.log), "a");
  const child = spawn("/bin/sh", ["-c", BOUNDED, order.command, ...order.args], {
    cwd: dir,
    env: order.env,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.once("error", (error) => {
    tell({ what: "refused", reason: error.message });
  });
  const pid = child.pid;
  if (pid === undefined) return;
  child.once("exit", (code, signal) => {
    tell({ what: "ended", pid, how: signal ?? `exit code ${code ?? "unknown"}` });
  });
  tell({ what: "started", pid });
}

function send(signal: NodeJS.Signals, processes: readonly Process[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended between the listing and the signal, which is what was wanted.
    }
  }
}

/** Started by us, or by one who was; Erlang's helpers go to a session of their own but stay children. */
function myFamily(): Process[] {
  return familyOf(({ pid, session }) => session === process.pid && pid !== process.pid);
}

async function close(): Promise<void> {
  if (closing) return;
  closing = true;
  // Remembered from the start: when a server dies, its helpers lose their parent and could no longer be found.
  const family = new Map(myFamily().map((member) => [member.pid, member]));
  const living = (): Process[] => {
    for (const member of myFamily()) family.set(member.pid, member);
    return [...family.values()].filter(isStillRunning);
  };
  send(
    "SIGTERM",
    living().filter(({ session }) => session === process.pid),
  );
  const deadline = Date.now() + GRACE_MS;
  while (Date.now() < deadline && living().length > 0) await pause(50);
  for (let left = living(); left.length > 0; left = living()) {
    send("SIGKILL", left);
    await pause(20);
  }
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void close());
// Its owner may be gone already; then nobody reads the news.
process.stdout.on("error", () => void close());
process.on("uncaughtException", () => void close());

const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => {
  if (!closing) obey(JSON.parse(line) as GuardianOrder);
});
orders.on("close", () => void close());
tell({ what: "open", dir });
