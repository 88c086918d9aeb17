import { backoffMs, jittered } from "../domain/limits/backoff.ts";
import { MINUTE_MS, type Instant } from "../domain/time.ts";
import type { Random } from "../ports/index.ts";

/** An archive that failed is left alone for so long at least, and at most. */
const SHORTEST_MS = MINUTE_MS;
const LONGEST_MS = 5 * MINUTE_MS;

/** When the archive is asked again after it failed: after a minute, and up to five, however seldom it is read otherwise. */
export class Patience {
  readonly #random: Random;
  #failures = 0;
  #askAgainAt: Instant = -Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A clock that was set back keeps nobody waiting. */
  mayAsk(now: Instant): boolean {
    return now >= this.#askAgainAt || this.#askAgainAt - now > LONGEST_MS;
  }

  failed(now: Instant): void {
    this.#failures += 1;
    const pauseMs = jittered(backoffMs(this.#failures, SHORTEST_MS, LONGEST_MS), this.#random());
    this.#askAgainAt = now + Math.max(SHORTEST_MS, pauseMs);
  }

  answered(): void {
    this.#failures = 0;
    this.#askAgainAt = -Infinity;
  }
}
