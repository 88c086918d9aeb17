/** The answer of what may take so many milliseconds; after that what `late` makes is thrown, and nobody waits any more. */
export async function within<T>(limitMs: number, answer: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(late());
    }, limitMs);
  });
  try {
    return await Promise.race([answer, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** A signal for a call, and what frees its timer once the call has ended. */
interface Deadline {
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/**
 * Aborts after so many milliseconds with a `TimeoutError`, or together with `wanted`, whatever is collected meanwhile. Node 20 may
 * collect a source of `AbortSignal.any` that is an `AbortSignal.timeout`: such a deadline never comes (seen with 20.20, not with 22).
 */
export function deadline(limitMs: number, wanted?: AbortSignal): Deadline {
  const controller = new AbortController();
  const giveUp = (): void => {
    controller.abort(wanted?.reason);
  };
  const timer = setTimeout(() => {
    controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  }, limitMs);
  if (wanted?.aborted === true) giveUp();
  wanted?.addEventListener("abort", giveUp, { once: true });
  return {
    signal: controller.signal,
    end: () => {
      clearTimeout(timer);
      wanted?.removeEventListener("abort", giveUp);
    },
  };
}
