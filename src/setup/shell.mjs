/**
 * What every step of the set-up stands on: the command line, the programs it runs, the signal that ends them, one line a
 * step.
 */
import { spawn } from "node:child_process";
import { constants, homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Ends the program with its message alone, where a stack would only hide it. */
export class SetupFailure extends Error {}

/** Why nothing can be written to a place, by the system's code. */
export const UNWRITABLE = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EROFS: "a read-only file system",
  ENOSPC: "no space is left",
  EDQUOT: "the quota is used up",
  ENOTDIR: "a part of its path is a file",
};

/** An error of the file system's as a `SetupFailure` with the remedy, when a place cannot be written; any other as it is. */
export function withRemedy(error) {
  const why = UNWRITABLE[error.code];
  if (why === undefined || error.path === undefined) return error;
  return new SetupFailure(
    `${error.path} cannot be written (${why}): copy the project to a folder where you may write.`,
  );
}

export const [command, ...args] = process.argv.slice(2);
// With --json the last line of stdout belongs to a program; `npm pack --json` tells its scripts so.
const isForProgram = args.includes("--json") || process.env.npm_config_json === "true";
export const out = isForProgram ? process.stderr : process.stdout;
export const stopped = new AbortController();
let child = null;

/** Whatever runs for us gets the signal too and tidies up; then we end. */
function stop(signal) {
  stopped.abort(signal);
  if (child !== null) child.kill(signal);
}

// npm ends without a word of ours where the system knows no home of this account.
if (!hasHome()) process.env.HOME = tmpdir();

function hasHome() {
  try {
    return homedir() !== "";
  } catch {
    return false;
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(signal));
if (process.env.npm_lifecycle_event !== undefined) {
  // Nobody tells us that npm was killed: watch for another parent.
  const { ppid } = process;
  setInterval(() => process.ppid !== ppid && !stopped.signal.aborted && stop("SIGHUP"), 500).unref();
}

/** Runs a program to its end; its output is shown or kept. `code` is as a shell would give it. */
export function run(program, programArgs, { show = false } = {}) {
  return new Promise((resolve) => {
    const bin = join(ROOT, "node_modules/.bin");
    // Whatever npm was told by whoever called it, what it says here is shown when it fails.
    const kept = { ...process.env, PATH: `${bin}:${process.env.PATH}`, npm_config_loglevel: "error" };
    const env = show ? process.env : kept;
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

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** One line for each step of the set-up, with what was found and its seconds. */
export async function step(name, work) {
  const start = performance.now();
  const result = await work((line) => out.write(`set-up  ${name}: ${line} …\n`));
  if (stopped.signal.aborted) throw new SetupFailure("stopped");
  out.write(`set-up  ${name}: ${result} (${seconds(start)})\n`);
}
