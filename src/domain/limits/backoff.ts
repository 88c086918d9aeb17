/** `firstMs` doubled with every attempt, at most `longestMs`: 0 → 1 m, 1 → 2 m, 2 → 4 m for a first minute. */
export function backoffMs(attempts: number, firstMs: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(attempts, 30));
}

/**
 * A pause with equal jitter: at least half of it, so that nobody is pressed, and a random rest, so that those who failed together
 * do not come back together. Whole milliseconds. `fraction`: 0 up to 1.
 */
export function jittered(pauseMs: number, fraction: number): number {
  return Math.ceil(pauseMs / 2 + (pauseMs / 2) * fraction);
}
