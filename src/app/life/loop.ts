import { backoffMs, jittered } from "../../domain/limits/backoff.ts";
import { MINUTE_MS, SECOND_MS } from "../../domain/time.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Clock, Random } from "../../ports/index.ts";
import type { Outages } from "./outages.ts";

/** Others' services are not pressed. */
const LONGEST_MS = 5 * MINUTE_MS;
/** Our own Redis is: when it is back, orders, signs of life and passes must be, too. */
const LONGEST_FOR_REDIS_MS = 15 * SECOND_MS;

/**
 * Runs a pass again and again, `everyMs` after the last one ended, until `stop`; sooner where `untilNextMs` says so after a pass
 * that ended well. A failure that passes is told and tried again with growing pauses and jitter; anything else is a bug and is
 * thrown.
 */
export async function runLoop(
  name: string,
  everyMs: number,
  pass: () => Promise<unknown>,
  {
    clock,
    outages,
    random = Math.random,
    untilNextMs = () => everyMs,
  }: {
    readonly clock: Clock;
    readonly outages: Pick<Outages, "failed" | "wentWell">;
    readonly random?: Random;
    readonly untilNextMs?: () => number;
  },
  stop: AbortSignal,
): Promise<void> {
  let failures = 0;
  let longestMs = LONGEST_MS;
  while (!stop.aborted) {
    try {
      await pass();
      failures = 0;
      outages.wentWell(name);
    } catch (error) {
      if (!(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
      failures += 1;
      longestMs = error instanceof UpstreamError && error.service === "redis" ? LONGEST_FOR_REDIS_MS : LONGEST_MS;
      outages.failed(name, error);
    }
    const pauseMs =
      failures === 0 ? Math.min(everyMs, untilNextMs()) : pauseAfter(failures, { everyMs, longestMs, random });
    await clock.sleep(pauseMs, stop);
  }
}

/** Never less than the usual pause, and random in part, so that replicas do not come back together. */
function pauseAfter(
  failures: number,
  { everyMs, longestMs, random }: { readonly everyMs: number; readonly longestMs: number; readonly random: Random },
): number {
  return Math.max(everyMs, jittered(backoffMs(failures, everyMs, longestMs), random()));
}
