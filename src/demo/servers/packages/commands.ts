import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Runs a command to its end; resolves to its standard output. */
export type Run = (command: string, args: readonly string[], cwd?: string) => Promise<string>;

/** Runs what is found on `path`, in the words of the C locale. */
export function runner(path: string, signal: AbortSignal | undefined): Run {
  return async (command, args, cwd) => {
    const env = { ...process.env, PATH: path, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
    const options = { env, maxBuffer: 2 ** 26, ...(cwd === undefined ? {} : { cwd }), ...(signal ? { signal } : {}) };
    return (await promisify(execFile)(command, [...args], options)).stdout;
  };
}

/** The last lines of what a failed command said. */
export function describeCommand(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message?: string };
  return (stderr?.trim() ? stderr : (message ?? String(error))).trim().split("\n").slice(-8).join("\n");
}
