import { setMaxListeners } from "node:events";
import { unlessAbandoned, whileWanted } from "../../adapters/abandon.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { formatDuration, formatInstant } from "../../domain/time.ts";
import { UpstreamError } from "../../errors.ts";
import type { Clock, Log } from "../../ports/index.ts";

/** Who keeps passes to their time. */
export interface Watch {
  readonly clock: Clock;
  readonly log: Log;
  readonly heartbeat: Pick<Heartbeat, "hangs" | "endedWell">;
  /** The process ends: whatever is under way is given up. Its reason is thrown by what was waited for. */
  readonly giveUp: AbortSignal;
}

/**
 * Runs a pass, and gives it up when it is under way for `boundMs` without a step, as `step` tells one: an answer that never
 * comes must silence nobody. That is told; the pass' calls end, none goes out for it any more, and the next one may begin.
 * Throws what the pass throws, `UpstreamError` when it was given up.
 */
export async function withinBound<T>(
  pass: string,
  boundMs: number,
  work: (step: () => void) => Promise<T>,
  { clock, log, heartbeat, giveUp }: Watch,
): Promise<T> {
  const since = clock.now();
  const [over, done] = [new AbortController(), new AbortController()];
  const end = (): void => {
    over.abort(giveUp.reason);
  };
  if (giveUp.aborted) end();
  // As many passes may be under way as there are regions, and each waits for it.
  setMaxListeners(0, giveUp);
  giveUp.addEventListener("abort", end);
  let steps = 0;
  const watch = async (): Promise<void> => {
    for (let seen = -1; seen !== steps;) {
      seen = steps;
      await clock.sleep(boundMs, done.signal);
    }
    if (done.signal.aborted || giveUp.aborted) return;
    const data = { pass, since: formatInstant(since), bound: formatDuration(boundMs) };
    log.error(
      data,
      "a pass hangs and is given up; the next one begins: if that goes on, look what answers no call, and restart",
    );
    heartbeat.hangs(pass, since);
    over.abort(
      new UpstreamError("clean-amis", "abandoned", `${pass}: given up, nothing moved for ${formatDuration(boundMs)}`),
    );
  };
  const watching = watch();
  try {
    const step = (): void => {
      steps += 1;
    };
    const result = await whileWanted(over.signal, () => unlessAbandoned(() => work(step)));
    heartbeat.endedWell(pass);
    return result;
  } finally {
    giveUp.removeEventListener("abort", end);
    done.abort();
    await watching;
  }
}
