import { backoffMs } from "./domain/lifecycle.ts";
import { MINUTE_MS } from "./domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "./errors.ts";
import type { Clock, Log } from "./ports.ts";

/**
 * Runs a pass again and again, `everyMs` after the last one ended, until `stop`. A failure that passes is logged and tried
 * again with growing pauses; anything else is a bug and is thrown.
 */
export async function runLoop(
  name: string,
  everyMs: number,
  pass: () => Promise<unknown>,
  parts: { readonly clock: Clock; readonly log: Log },
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
      parts.log.warn(
        { loop: name, code: error.code, error: describeError(error), failures },
        "a pass failed, trying again",
      );
    }
    const pauseMs = failures === 0 ? everyMs : Math.max(everyMs, backoffMs(failures - 1, everyMs, 5 * MINUTE_MS));
    await parts.clock.sleep(pauseMs, stop);
  }
}
