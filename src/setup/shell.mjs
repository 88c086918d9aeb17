/**
 * What every step of the set-up stands on: the command line, the programs it runs, the signal that ends them, one line a
 * step.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Ends the program with its message alone, where a stack would only hide it. */
export class SetupFailure extends Error {}

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

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** One line for each step of the set-up, with what was found and its seconds. */
export async function step(name, work) {
  const start = performance.now();
  const result = await work((line) => out.write(`set-up  ${name}: ${line} …\n`));
  if (stopped.signal.aborted) throw new SetupFailure("stopped");
  out.write(`set-up  ${name}: ${result} (${seconds(start)})\n`);
}
