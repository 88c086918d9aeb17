import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openGuarded } from "../../../src/demo/servers/guarded.ts";

/** Types a command line with this environment alone, in its HOME; resolves to all that it printed. */
export type Type = (command: string, env: Readonly<Record<string, string>>) => Promise<string>;

/**
 * A shell whose commands may leave programs running, as a start of the service does. Those end with `close`, and with this process
 * however it ends: they belong to a guardian.
 */
export async function openShell(): Promise<{ readonly type: Type; readonly close: () => Promise<void> }> {
  const guarded = await openGuarded();
  let count = 0;
  const type: Type = async (command, env) => {
    count += 1;
    const log = `typed-${count}`;
    const bash = await guarded.start({ command: "/bin/bash", args: ["-c", `cd\n${command}`], env, log });
    await bash.end();
    return readFile(join(guarded.dir, log), "utf8");
  };
  return { type, close: guarded.stop };
}
