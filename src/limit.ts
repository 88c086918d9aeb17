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

/**
 * Aborts after so many milliseconds with a `TimeoutError`, or with the first of `others`. A limit that is `AbortSignal.timeout`
 * among those of `AbortSignal.any` never comes once Node has collected it: only its timer knows it, and but weakly (seen with
 * Node 20).
 */
export function limitedBy(limitMs: number, ...others: readonly AbortSignal[]): AbortSignal {
  const limit = new AbortController();
  setTimeout(() => {
    limit.abort(new DOMException(`not within ${limitMs} ms`, "TimeoutError"));
  }, limitMs).unref();
  return AbortSignal.any([limit.signal, ...others]);
}
