/**
 * Runs the tests: one private Redis and one private RabbitMQ for all of them, each file in a process of its own, several side by
 * side. Arguments are built test files and the options of `npm test`. When TEST_REDIS_URL and TEST_AMQP_URL are set, those servers are used.
 */
import { findServers } from "../../../src/demo/servers/find.ts";
import { openGuarded } from "../../../src/demo/servers/guarded.ts";
import { startRabbitmq } from "../../../src/demo/servers/rabbitmq.ts";
import type { RunningServer } from "../../../src/demo/servers/redis.ts";
import { startRedis } from "../../../src/demo/servers/redis.ts";
import { SetupError } from "../../../src/demo/servers/setup-error.ts";
import { readWords, sourceOf, WordsError, type Words } from "./choose.ts";
import { inLanes, inOrder, lanesHere } from "./lanes.ts";
import { Reporter } from "./reporter.ts";
import { runTestFile } from "./test-file.ts";

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
type StopSignal = keyof typeof SIGNAL_NUMBERS;

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
  // The SDK would say in every process that Node 20 will be left behind.
  const quiet = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
  return { ...Object.fromEntries(mine), ...quiet, ...servers };
}

/** Runs the files in lanes, then those that must be alone, and reports; true when every test passed. */
async function runFiles(words: Words, given: Readonly<Record<string, string>>): Promise<boolean> {
  const reporter = new Reporter((text) => process.stdout.write(text));
  const env = testEnvironment(given);
  const { together, alone } = inOrder(words.names, sourceOf);
  const runOne = async (file: string): Promise<void> => {
    reporter.finished(await runTestFile(file, env, stop.signal));
  };
  for (const [files, lanes] of [
    [together, words.lanes ?? lanesHere()],
    [alone, 1],
  ] as const)
    await inLanes(files, lanes, runOne, () => stop.signal.aborted);
  if (stop.signal.aborted) reporter.failed(`stopped by ${String(stop.signal.reason)}`);
  else if (words.names.length === 0) reporter.failed("no test was named");
  reporter.end(words);
  return reporter.counts.failed === 0 && reporter.counts.passed > 0;
}

/** Starts what is not given, runs, stops. */
async function main(words: Words): Promise<boolean> {
  if (process.env["TEST_REDIS_URL"] && process.env["TEST_AMQP_URL"]) return await runFiles(words, {});
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
    return await runFiles(words, given);
  } finally {
    for (const result of started) if (result.status === "fulfilled") await result.value.stop();
    await scratch.stop();
  }
}

try {
  process.exitCode = (await main(readWords(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof SetupError || error instanceof WordsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.stdout.write("\n0 passed, 1 failed\n");
  process.exitCode = 1;
}
if (stop.signal.aborted) process.exitCode = 128 + SIGNAL_NUMBERS[stop.signal.reason as StopSignal];
