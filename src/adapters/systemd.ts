import { execFile } from "node:child_process";
import type { Environment } from "../config/file.ts";
import { SECOND_MS } from "../domain/time.ts";
import { describeError } from "../errors.ts";
import type { Log } from "../ports/index.ts";

/** The longest timer that Node has; a longer one would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** systemd takes a message at once, or is itself in trouble. */
const WITHIN_MS = 10 * SECOND_MS;

/**
 * Tells systemd that the service has begun, and then, twice in each `WatchdogSec` of its unit, that it lives, until it is closed
 * (sd_notify(3), sd_watchdog_enabled(3)). The beat comes from the event loop that answers `/live`: a process that hangs is silent
 * on both. Nothing is told where nobody listens. Node speaks no datagrams to a Unix socket, so systemd's own program does,
 * which a unit allows by `NotifyAccess=all`.
 */
export function tellSystemd(env: Environment, log: Pick<Log, "warn">): { close(): void } {
  if ((env["NOTIFY_SOCKET"] ?? "") === "") return { close: () => undefined };
  let isTold = true;
  const tell = (word: string): void => {
    execFile("systemd-notify", [word], { env: { ...env }, timeout: WITHIN_MS }, (error) => {
      if (error !== null && isTold)
        log.warn({ word, error: describeError(error) }, "systemd-notify failed: systemd may end the service");
      isTold = error === null;
    });
  };
  tell("--ready");
  const everyMs = beatOf(env);
  if (everyMs === null) return { close: () => undefined };
  const timer = setInterval(tell, everyMs, "WATCHDOG=1").unref();
  return {
    close: () => {
      clearInterval(timer);
    },
  };
}

/** Half of what systemd waits for, in milliseconds; null: it does not wait for this process. */
function beatOf(env: Environment): number | null {
  const pid = env["WATCHDOG_PID"] ?? "";
  const us = Number(env["WATCHDOG_USEC"] ?? "");
  const isOurs = pid === "" || pid === String(process.pid);
  return isOurs && Number.isSafeInteger(us) && us > 0
    ? Math.min(LONGEST_TIMER_MS, Math.max(1, Math.floor(us / 2000)))
    : null;
}
