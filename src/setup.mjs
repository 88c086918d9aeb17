/**
 * The door to everything: `node src/setup.mjs demo|test|chaos|soak|mutate|bench|build|static [arguments]`, behind `npm run demo`,
 * `npm test` and so on. Plain JavaScript without dependencies, because it has to work before anything is installed or built:
 * it makes a fresh clone ready, says what it does and how long that took, and hands over.
 */
import { accessSync, constants as files } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./setup/build.mjs";
import { filesBelow } from "./setup/files.mjs";
import { installPackages } from "./setup/packages.mjs";
import { args, command, out, ROOT, run, seconds, SetupFailure, step, stopped, withRemedy } from "./setup/shell.mjs";

const OLDEST_NODE = 20;

const CHECKS = [
  ["format", "prettier", "--check", "."],
  ["lint", "eslint", "-c", ".config/eslint.config.js", "."],
  ["types", "tsc", "--noEmit", "--incremental", "false", "-p", "."],
  ["dead code", "knip", "--config", ".config/knip.json"],
  ["dead code in production", "knip", "--config", ".config/knip.json", "--production"],
];

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < OLDEST_NODE) {
    throw new SetupFailure(
      `clean-amis needs Node ${OLDEST_NODE} or newer, and this is ${process.version}: install one, or put it first on PATH.`,
    );
  }
  return process.version;
}

async function findServers(say) {
  const built = pathToFileURL(join(ROOT, "dist/src/demo/servers/find.js"));
  const { findServers: find } = await import(built);
  const { redis, rabbitmq } = await find({ log: say, signal: stopped.signal }).catch((error) => {
    throw error.name === "SetupError" ? new SetupFailure(error.message) : error;
  });
  return `Redis ${describeSource(redis)}, RabbitMQ ${describeSource(rabbitmq)}`;
}

function describeSource({ from }) {
  if (from === "url") return "as given by its address";
  return from === "machine" ? "of this machine" : "unpacked in the cache";
}

async function prepare() {
  await step("node", checkNode);
  await step("packages", installPackages);
  await step("build", build);
}

async function handOver(program, programArgs) {
  await step("servers", findServers);
  const { code } = await run(process.execPath, [join(ROOT, program), ...programArgs], { show: true });
  return code;
}

/** Every check runs, even when one fails. */
async function checkStatically() {
  await step("node", checkNode);
  await step("packages", installPackages);
  let failed = 0;
  for (const [name, program, ...programArgs] of CHECKS) {
    const start = performance.now();
    const { code, output } = await run(program, programArgs);
    if (stopped.signal.aborted) throw new SetupFailure("stopped");
    if (code !== 0) failed += 1;
    out.write(`${code === 0 ? "ok    " : "FAILED"} ${name} (${seconds(start)})\n`);
    if (code !== 0) out.write(`${output}\n`);
  }
  return failed === 0 ? 0 : 1;
}

/** The words for the runner: the built files that are meant, all when none is named, and the options. */
async function chooseTests() {
  // The tests put what they write beside what they test.
  accessSync(ROOT, files.W_OK);
  const { runnerArguments } = await import(pathToFileURL(join(ROOT, "dist/test/support/run/choose.js")));
  try {
    return runnerArguments(args, filesBelow("dist/test"));
  } catch (error) {
    throw error.name === "WordsError" ? new SetupFailure(`npm test: ${error.message}`) : error;
  }
}

const commands = {
  demo: async () => {
    await prepare();
    return handOver("dist/src/demo/main.js", args);
  },
  test: async () => {
    await prepare();
    return handOver("dist/test/support/run/run.js", await chooseTests());
  },
  chaos: async () => {
    // The same promises as in the tests, asked far more often.
    process.env.CHAOS_MUTANTS ??= "1000000";
    process.env.CHAOS_BACKFILL ??= "100000";
    process.env.CHAOS_SWEEP ??= "all";
    process.env.CHAOS_CRASH ??= "all";
    process.env.CHAOS_PACE ??= "10000";
    process.env.CHAOS_MODEL ??= "500";
    process.env.CHAOS_JUMPS ??= "all";
    process.env.CHAOS_HEARS ??= "all";
    process.env.CHAOS_SABOTAGE ??= "apart";
    process.env.CHAOS_NAMES ??= "100000";
    process.env.CHAOS_REQUESTS ??= "100000";
    process.env.CHAOS_IMAGES ??= "100000";
    process.env.CHAOS_FLOOD ??= "all";
    process.env.CHAOS_FAULTS ??= "all";
    process.env.CHAOS_KILLS ??= "200";
    await prepare();
    // The longest first; each has a Redis of its own, since some of them walk over all that it holds.
    const promises = [
      "service/chaos/faults",
      "service/chaos/sweep",
      "act/pace",
      "service/chaos/mutants",
      "service/chaos/model",
      "hear/backfill",
      "service/chaos/strange",
      "service/chaos/report-crash",
      "demo/sabotage",
      "service/chaos/flood",
      "service/chaos/crash",
      "service/chaos/requests",
      "service/trouble/one-hears",
      "monitoring/browser",
      "service/trouble/jumps",
      "service/chaos/comments-crash",
      "domain/plan/names/name-properties",
    ].map((name) => `dist/test/${name}.test.js`);
    const lanes = `--lanes=${availableParallelism()}`;
    return handOver(
      "dist/test/support/run/run.js",
      args.length > 0 ? await chooseTests() : ["--apart", "--slowest", lanes, ...promises],
    );
  },
  soak: async () => {
    await prepare();
    return handOver("dist/test/support/soak/soak.js", args);
  },
  mutate: async () => {
    await prepare();
    return handOver("dist/test/support/mutation/mutate.js", args);
  },
  bench: async () => {
    await prepare();
    return handOver("dist/src/demo/bench/bench.js", args);
  },
  build: async () => {
    await prepare();
    return 0;
  },
  static: checkStatically,
};

try {
  if (!Object.hasOwn(commands, command ?? "")) {
    throw new SetupFailure("usage: node src/setup.mjs demo|test|chaos|soak|mutate|bench|build|static [arguments]");
  }
  process.exitCode = await commands[command]();
} catch (thrown) {
  const error = withRemedy(thrown);
  if (!(error instanceof SetupFailure)) throw error;
  process.stderr.write(`${stopped.signal.aborted ? `Stopped by ${stopped.signal.reason}.` : error.message}\n`);
  process.exitCode = 1;
}
if (stopped.signal.aborted) process.exitCode = 128 + constants.signals[stopped.signal.reason];
