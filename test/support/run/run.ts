/**
 * Runs the tests: one private Redis and one private RabbitMQ for all of them, each file in a process of its own, several
 * side by side. Arguments are built test files and the options of `npm test`. When TEST_REDIS_URL and TEST_AMQP_URL are set,
 * those servers are used.
 */
import { SetupError } from "../../../src/demo/servers/setup-error.ts";
import { untilAsked, type StopSignal } from "../../../src/demo/stopped.ts";
import { readWords, sourceOf, type Words } from "./choose.ts";
import { inLanes, inOrder, lanesHere } from "./lanes.ts";
import { Reporter } from "./reporter.ts";
import { withServers, type Apart } from "./servers.ts";
import { runTestFile } from "./test-file.ts";
import { WordsError } from "./words.ts";

const SIGNAL_NUMBERS: Readonly<Record<StopSignal, number>> = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

const stop = untilAsked();

/** Runs the files in lanes, then those that must be alone, and reports; true when every test passed. */
async function runFiles(words: Words, env: NodeJS.ProcessEnv, apart: Apart): Promise<boolean> {
  const reporter = new Reporter((text) => process.stdout.write(text));
  const { together, alone } = words.isApart ? { together: words.names, alone: [] } : inOrder(words.names, sourceOf);
  const within: Apart = words.isApart ? apart : (work) => work(env);
  const runOne = async (file: string): Promise<void> => {
    reporter.finished(await within((own) => runTestFile(file, own, stop)));
  };
  for (const [files, lanes] of [
    [together, words.lanes ?? lanesHere()],
    [alone, 1],
  ] as const)
    await inLanes(files, lanes, runOne, () => stop.aborted);
  if (stop.aborted) reporter.failed(`stopped by ${String(stop.reason)}`);
  else if (words.names.length === 0) reporter.failed("no test was named");
  reporter.end(words);
  return reporter.counts.failed === 0 && reporter.counts.passed > 0;
}

/** Starts what is not given, runs, stops. */
async function main(words: Words): Promise<boolean> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  return withServers(stop, say, (env, apart) => runFiles(words, env, apart));
}

try {
  process.exitCode = (await main(readWords(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  if (!(error instanceof SetupError || error instanceof WordsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.stdout.write("\n0 passed, 1 failed\n");
  process.exitCode = 1;
}
if (stop.aborted) process.exitCode = 128 + SIGNAL_NUMBERS[stop.reason as StopSignal];
