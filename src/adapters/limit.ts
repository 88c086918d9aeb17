import { formatDuration } from "../domain/time.ts";

/** Something was waited for long enough. The AWS SDK takes an error of this name for one that passes, and calls again. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/** The answer, or a `TimeoutError` after `limitMs`, in which `otherwise` says what there was none of. */
export async function within<T>(limitMs: number, answer: Promise<T>, otherwise: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TimeoutError(`${otherwise} within ${formatDuration(limitMs)}`));
    }, limitMs);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}
