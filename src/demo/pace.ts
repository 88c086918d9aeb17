import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MAIN = fileURLToPath(new URL("../main.js", import.meta.url));
/** A machine on which the program takes no longer than this to begin plays days of a second. */
const QUICK_MS = 1_000;
/** Longer days are for looking on, and asked for. */
const LONGEST_OWN_DAY_S = 10;

/** How long the program takes to begin on this machine now, in milliseconds. */
async function startupMs(): Promise<number> {
  const since = performance.now();
  await promisify(execFile)(process.execPath, [MAIN, "--version"]);
  return performance.now() - since;
}

/** The seconds of a day when nobody asks for any: more where the machine is slow or busy, which is said. */
export async function ownDay(say: (line: string) => void, measure = startupMs): Promise<number> {
  const took = await measure();
  const seconds = Math.min(Math.ceil(took / QUICK_MS), LONGEST_OWN_DAY_S);
  if (seconds > 1)
    say(
      `slow    the program takes ${(took / 1000).toFixed(1)} s to begin here: a day takes ${seconds} s (--day 1 has them short)`,
    );
  return seconds;
}

/** Tells once when whoever looks every `everyMs` comes half a day of the demo or more too late: the machine is too busy for the day. */
export function lagOf(dayMs: number, everyMs: number, tell: (line: string) => void): (now: number) => void {
  let [last, isTold] = [null as number | null, false];
  return (now) => {
    const lateMs = last === null ? 0 : now - last - everyMs;
    last = now;
    if (isTold || lateMs < dayMs / 2) return;
    isTold = true;
    tell(
      `this machine is busy: the demo itself came ${(lateMs / 1000).toFixed(1)} s late; what it judges by days may fail for that (--day ${Math.ceil((4 * lateMs) / 1000)})`,
    );
  };
}
