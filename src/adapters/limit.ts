import { formatDuration } from "../domain/time.ts";
import { within as withinLimit } from "../limit.ts";

/** Something was waited for long enough. The AWS SDK takes an error of this name for one that passes, and calls again. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** The answer, or a `TimeoutError` after `limitMs`, in which `otherwise` says what there was none of. */
export function within<T>(limitMs: number, answer: Promise<T>, otherwise: string): Promise<T> {
  return withinLimit(limitMs, answer, () => new TimeoutError(`${otherwise} within ${formatDuration(limitMs)}`));
}
