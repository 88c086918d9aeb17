/**
 * Runs the tests: one private Redis and one private RabbitMQ for all of them, tap over the built files, our reporter.
 * Arguments are built test files. When TEST_REDIS_URL and TEST_AMQP_URL are set, those servers are used.
 */
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { findServers } from "../../../src/demo/servers/find.ts";
import { openGuarded } from "../../../src/demo/servers/guarded.ts";
import { familyOf } from "../../../src/demo/servers/processes.ts";
import { startRabbitmq } from "../../../src/demo/servers/rabbitmq.ts";
import type { RunningServer } from "../../../src/demo/servers/redis.ts";
import { startRedis } from "../../../src/demo/servers/redis.ts";
import { SetupError } from "../../../src/demo/servers/setup-error.ts";
import { Reporter } from "./reporter.ts";
import { SecretWatch } from "./secrets.ts";

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
type StopSignal = keyof typeof SIGNAL_NUMBERS;

/** What a test that ignores signals gets before it is killed. */
const STOP_MS = 5000;

const stop = new AbortController();
for (const signal of Object.keys(SIGNAL_NUMBERS) as StopSignal[]) {
  process.on(signal, () => {
    stop.abort(signal);
  });
}
// The set-up that started us is gone.
process.on("disconnect", () => {
  stop.abort("SIGHUP");
});
process.channel?.unref();

/** The tests' environment: nothing of the caller's that could lead them to a real service. */
function testEnvironment(servers: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const mine = Object.entries(process.env).filter(
    ([name]) => !/^(AMQP_URL|REDIS_URL|FEDORA_MESSAGING_|AWS_|PAGURE_)/.test(name),
  );
  return { ...Object.fromEntries(mine), ...servers };
}

/** tap alone would wait for a test that hangs, or leave it behind. What tests have started notices their end. */
function signalTap(tap: ChildProcess, signal: NodeJS.Signals): void {
  const files = familyOf(({ parent }) => parent === tap.pid).filter(({ parent }) => parent === tap.pid);
  tap.kill(signal);
  for (const { pid } of files) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself since it was listed.
    }
  }
}

/** Runs tap and reports; true when every test passed. */
async function runTap(files: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const tap = spawn(
    process.execPath,
    [fileURLToPath(new URL("dist/esm/run.mjs", import.meta.resolve("tap/package.json"))), "--reporter=tap", ...files],
    { stdio: ["ignore", "pipe", "pipe"], env },
  );
  const reporter = new Reporter();
  const watches = { "standard output": new SecretWatch(), "standard error": new SecretWatch() };
  reporter.pipe(process.stdout, { end: false });
  tap.stdout.on("data", (chunk: Buffer) => {
    watches["standard output"].read(chunk);
  });
  tap.stdout.pipe(reporter, { end: false });
  tap.stderr.on("data", (chunk: Buffer) => {
    watches["standard error"].read(chunk);
    process.stderr.write(chunk);
  });
  const endTap = (): void => {
    signalTap(tap, "SIGTERM");
    setTimeout(() => {
      signalTap(tap, "SIGKILL");
    }, STOP_MS).unref();
  };
  if (stop.signal.aborted) endTap();
  else stop.signal.addEventListener("abort", endTap);

  const [code, signal] = (await once(tap, "close")) as [number | null, NodeJS.Signals | null];
  if (stop.signal.aborted) reporter.runnerFailed(`stopped by ${String(stop.signal.reason)}`);
  else if (code !== 0)
    reporter.runnerFailed(`the test runner ended with ${signal ?? `exit code ${code ?? "unknown"}`}`);
  for (const [where, { found }] of Object.entries(watches))
    for (const secret of found) reporter.failed(`a secret stands in what the tests wrote to ${where}: ${secret}`);
  const reported = once(reporter, "end");
  reporter.end();
  await reported;
  return reporter.counts.failed === 0 && reporter.counts.passed > 0;
}

/** Starts what is not given, runs, stops. */
async function main(files: readonly string[]): Promise<boolean> {
  if (process.env["TEST_REDIS_URL"] && process.env["TEST_AMQP_URL"]) return runTap(files, testEnvironment({}));
  const servers = await findServers({ signal: stop.signal });
  const start = performance.now();
  // What tests put into their temporary directories goes with this one, also when a test was killed in the middle.
  const scratch = await openGuarded();
  // Both at once, but each one's failure waits for the other, so that nothing is left behind.
  const started = await Promise.allSettled([startRedis(servers.redis), startRabbitmq(servers.rabbitmq)]);
  try {
    const [redis, rabbitmq] = started.map((result) => {
      if (result.status === "rejected") throw result.reason;
      return result.value;
    }) as [RunningServer, RunningServer];
    process.stdout.write(`set-up  Redis and RabbitMQ started (${((performance.now() - start) / 1000).toFixed(1)} s)\n`);
    const given = {
      TMPDIR: scratch.dir,
      TEST_REDIS_URL: redis.url,
      TEST_AMQP_URL: rabbitmq.url,
      TEST_REDIS_CLI: servers.redisCli ?? "",
    };
    return await runTap(files, testEnvironment(given));
  } finally {
    for (const result of started) if (result.status === "fulfilled") await result.value.stop();
    await scratch.stop();
  }
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.stdout.write("\n0 passed, 1 failed\n");
  process.exitCode = 1;
}
if (stop.signal.aborted) process.exitCode = 128 + SIGNAL_NUMBERS[stop.signal.reason as StopSignal];
