import { backoffMs, jittered } from "../domain/limits/backoff.ts";
import { MINUTE_MS } from "../domain/time.ts";
import { describeError, isForeign, RefusedError, UpstreamError } from "../errors.ts";
import type { Clock, Log, Random } from "../ports/index.ts";

/**
 * Runs a pass again and again, `everyMs` after the last one ended, until `stop`. A failure that passes is logged and tried
 * again with growing pauses and jitter; anything else is a bug and is thrown.
 */
export async function runLoop(
  name: string,
  everyMs: number,
  pass: () => Promise<unknown>,
  { clock, log, random = Math.random }: { readonly clock: Clock; readonly log: Log; readonly random?: Random },
  stop: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!stop.aborted) {
    try {
      await pass();
      failures = 0;
    } catch (error) {
      if (!(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
      failures += 1;
      const what = { loop: name, code: error.code, error: describeError(error), failures };
      // It stays so until a person mends it.
      if (isForeign(error) && failures > 1) log.debug(what, "a pass failed again");
      else log.warn(what, "a pass failed, trying again");
    }
    await clock.sleep(pauseAfter(failures, everyMs, random), stop);
  }
}

/** Never less than the usual pause, and up to five minutes, so that replicas do not come back together. */
function pauseAfter(failures: number, everyMs: number, random: Random): number {
  if (failures === 0) return everyMs;
  return Math.max(everyMs, jittered(backoffMs(failures, everyMs, 5 * MINUTE_MS), random()));
}
