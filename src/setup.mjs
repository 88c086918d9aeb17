/**
 * The door to everything: `node src/setup.mjs demo|test|chaos|bench|build|static [arguments]`, behind `npm run demo`, `npm test` and
 * so on. Plain JavaScript without dependencies, because it has to work before anything is installed or built: it makes a
 * fresh clone ready, says what it does and how long that took, and hands over.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const OLDEST_NODE = 20;
const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK_STAMP = "node_modules/.clean-amis-lock";
const BUILD_STAMP = "dist/.built-from";
const MAN_PAGE = "dist/clean-amis.1";
const NPM_CI = ["npm", "ci", "--include=dev", "--no-audit"];

const CHECKS = [
  ["format", "prettier", "--check", "."],
  ["lint", "eslint", "-c", ".config/eslint.config.js", "."],
  ["types", "tsc", "--noEmit", "--incremental", "false", "-p", "."],
  ["dead code", "knip", "--config", ".config/knip.json"],
  ["dead code in production", "knip", "--config", ".config/knip.json", "--production"],
];

/** Ends the program with its message alone, where a stack would only hide it. */
class SetupFailure extends Error {}

const [command, ...args] = process.argv.slice(2);
// With --json the last line of stdout belongs to a program; `npm pack --json` tells its scripts so.
const isForProgram = args.includes("--json") || process.env.npm_config_json === "true";
const out = isForProgram ? process.stderr : process.stdout;
const stopped = new AbortController();
let child = null;

/** Whatever runs for us gets the signal too and tidies up; then we end. */
function stop(signal) {
  stopped.abort(signal);
  if (child !== null) child.kill(signal);
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
if (process.env.npm_lifecycle_event !== undefined) {
  // Nobody tells us that npm was killed: watch for another parent.
  const { ppid } = process;
  setInterval(() => process.ppid !== ppid && !stopped.signal.aborted && stop("SIGHUP"), 500).unref();
}

/** Runs a program to its end; its output is shown or kept. `code` is as a shell would give it. */
function run(program, programArgs, { show = false } = {}) {
  return new Promise((resolve) => {
    const bin = join(ROOT, "node_modules/.bin");
    const env = show ? process.env : { ...process.env, PATH: `${bin}:${process.env.PATH}` };
    // The channel tells the one we hand over to when we are killed and could not tell it by a signal.
    const stdio = show ? ["inherit", "inherit", "inherit", "ipc"] : ["ignore", "pipe", "pipe"];
    child = spawn(program, programArgs, { cwd: ROOT, env, stdio });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text) => (output += text));
    child.once("error", (error) => resolve({ code: 127, output: error.message }));
    child.once("close", (code, signal) => {
      child = null;
      resolve({ code: code ?? 128 + constants.signals[signal], output: output.trimEnd() });
    });
  });
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** One line for each step of the set-up, with what was found and its seconds. */
async function step(name, work) {
  const start = performance.now();
  const result = await work((line) => out.write(`set-up  ${name}: ${line} …\n`));
  if (stopped.signal.aborted) throw new SetupFailure("stopped");
  out.write(`set-up  ${name}: ${result} (${seconds(start)})\n`);
}

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < OLDEST_NODE) {
    throw new SetupFailure(`clean-amis needs Node ${OLDEST_NODE} or newer; this is ${process.version}.`);
  }
  return process.version;
}

const read = (path) => (existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), "utf8") : "");
const write = (path, text) => writeFileSync(join(ROOT, path), text);
const hash = (text) => createHash("sha256").update(text).digest("hex");

async function installPackages(say) {
  const wanted = hash(read("package-lock.json"));
  if (read(LOCK_STAMP) === wanted) return "up to date";
  if (isInstalled()) {
    write(LOCK_STAMP, wanted);
    return "installed as package-lock.json says";
  }
  say(NPM_CI.join(" "));
  const { code, output } = await run(NPM_CI[0], NPM_CI.slice(1));
  if (code !== 0) {
    const lines = output.split("\n");
    // npm tells the reason first and may close with a page of usage.
    const shown = lines.length <= 24 ? lines : [...lines.slice(0, 12), "…", ...lines.slice(-12)];
    throw new SetupFailure(
      `${shown.join("\n")}\nThe packages could not be installed. The command was:  ${NPM_CI.join(" ")}`,
    );
  }
  write(LOCK_STAMP, wanted);
  return "installed";
}

/** Does npm's own record of node_modules hold what the lock file wants? Then somebody ran npm by hand. */
function isInstalled() {
  const record = read("node_modules/.package-lock.json");
  if (record === "") return false;
  const installed = JSON.parse(record).packages;
  const wanted = Object.entries(JSON.parse(read("package-lock.json")).packages).filter(([path]) => path !== "");
  // An optional package for another kind of machine is not there, and need not be.
  return wanted.every(([path, { version, optional }]) =>
    installed[path] === undefined ? optional === true : installed[path].version === version,
  );
}

/** All files below a folder, as paths relative to the project; an absent folder has none. */
function filesBelow(folder) {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** Compiles to dist/, copies what is no code (Lua scripts, schemas, fixtures) beside it, removes what has no source, lets the program print its manual page. */
async function build(say) {
  const sources = ["src", "test", "schemas"].flatMap(filesBelow).filter((path) => !path.endsWith(".mjs"));
  const inputs = ["package-lock.json", "tsconfig.json", ...sources];
  const fingerprint = hash(inputs.map((path) => `${path}\n${read(path)}`).join("\n"));
  const outputs = new Map(sources.map((path) => [`dist/${path.replace(/\.ts$/, ".js")}`, path]));
  for (const path of sources) if (path.endsWith(".ts")) outputs.set(`dist/${path.replace(/ts$/, "js.map")}`, path);
  const isComplete = [...outputs.keys(), MAN_PAGE].every((path) => existsSync(join(ROOT, path)));
  if (isComplete && read(BUILD_STAMP) === fingerprint) return "up to date";

  say("tsc");
  // The compiler's memory of what it wrote would keep it from writing files that somebody removed.
  if (!isComplete) rmSync(join(ROOT, "dist/tsconfig.tsbuildinfo"), { force: true });
  rmSync(join(ROOT, BUILD_STAMP), { force: true });
  const { code, output } = await run("tsc", ["-p", ".", "--sourceMap"]);
  if (code !== 0) throw new SetupFailure(`${output}\nThe build failed.`);
  for (const [target, source] of outputs) {
    if (source.endsWith(".ts")) continue;
    mkdirSync(dirname(join(ROOT, target)), { recursive: true });
    copyFileSync(join(ROOT, source), join(ROOT, target));
  }
  for (const path of ["dist/src", "dist/test", "dist/schemas"].flatMap(filesBelow)) {
    if (!outputs.has(path)) rmSync(join(ROOT, path));
  }
  const page = await run(process.execPath, ["dist/src/main.js", "help", "--man"]);
  if (page.code !== 0) throw new SetupFailure(`${page.output}\nThe manual page could not be made.`);
  write(MAN_PAGE, `${page.output}\n`);
  write(BUILD_STAMP, fingerprint);
  return `${sources.length} files`;
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
  const { runnerArguments, WordsError } = await import(pathToFileURL(join(ROOT, "dist/test/support/run/choose.js")));
  try {
    return runnerArguments(args, filesBelow("dist/test"));
  } catch (error) {
    throw error instanceof WordsError ? new SetupFailure(`npm test: ${error.message}`) : error;
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
    process.env.CHAOS_SABOTAGE ??= "apart";
    process.env.CHAOS_NAMES ??= "100000";
    await prepare();
    const promises = [
      ...["crash", "comments-crash", "model", "mutants", "report-crash", "sweep"].map((name) => `service/${name}`),
      "act/pace",
      "demo/sabotage",
      "domain/plan/name-properties",
      "hear/backfill",
    ].map((name) => `dist/test/${name}.test.js`);
    return handOver("dist/test/support/run/run.js", promises);
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
    throw new SetupFailure("usage: node src/setup.mjs demo|test|chaos|bench|build|static [arguments]");
  }
  process.exitCode = await commands[command]();
} catch (error) {
  if (!(error instanceof SetupFailure)) throw error;
  process.stderr.write(`${stopped.signal.aborted ? `Stopped by ${stopped.signal.reason}.` : error.message}\n`);
  process.exitCode = 1;
}
if (stopped.signal.aborted) process.exitCode = 128 + constants.signals[stopped.signal.reason];
