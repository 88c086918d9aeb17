import { setTimeout as pause } from "node:timers/promises";

/** The longest timer that Node has; a longer one would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Resolves after so many milliseconds, or at once when the order to stop comes; never rejects for that. */
export async function rest(ms: number, stop: AbortSignal): Promise<void> {
  try {
    for (let leftMs = ms; leftMs > 0; leftMs -= LONGEST_TIMER_MS)
      await pause(Math.min(leftMs, LONGEST_TIMER_MS), undefined, { signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}
