import { setTimeout as pause } from "node:timers/promises";

/** Resolves after so many milliseconds, or at once when the order to stop comes; never rejects for that. */
export async function rest(ms: number, stop: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}
