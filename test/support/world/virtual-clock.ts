import type { Instant } from "../../../src/domain/time.ts";
import type { Clock } from "../../../src/ports/index.ts";

/** How many turns of the event loop have to pass without a new call before time may move. */
const QUIET_TURNS = 2;

interface Sleeper {
  readonly wakeAt: Instant;
  readonly wake: () => void;
}

/**
 * A clock for many who sleep at once. Time stands still while anybody is at work, and moves to the earliest sleeper when nobody
 * is: when every call to a watched port that is under way sleeps on `within`. The calls themselves take no time.
 */
export class VirtualClock implements Clock {
  #at: Instant;
  #calls = 0;
  #asleepInCalls = 0;
  /** Grows with everything that happens: whoever waits for quiet sees that it was disturbed. */
  #happened = 0;
  #isWaitingForQuiet = false;
  readonly #sleepers: Sleeper[] = [];

  constructor(at: Instant) {
    this.#at = at;
  }

  now = (): Instant => this.#at;

  /** For who sleeps between calls of ports. */
  sleep = (ms: number, signal?: AbortSignal): Promise<void> => this.#sleep(ms, signal, false);

  /** The same clock for what sleeps inside calls of watched ports. */
  readonly within: Clock = {
    now: () => this.#at,
    sleep: (ms, signal) => this.#sleep(ms, signal, true),
  };

  /** The same port, whose calls keep time from moving. */
  watch<T extends object>(port: T): T {
    return new Proxy(port, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== "function") return method;
        return (...args: unknown[]): unknown => {
          const answer: unknown = Reflect.apply(method, target, args);
          return answer instanceof Promise ? this.#during(answer) : answer;
        };
      },
    });
  }

  async #during(answer: Promise<unknown>): Promise<unknown> {
    this.#calls += 1;
    this.#happened += 1;
    try {
      return await answer;
    } finally {
      this.#calls -= 1;
      this.#moveWhenQuiet();
    }
  }

  #sleep(ms: number, signal: AbortSignal | undefined, isInCall: boolean): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    if (isInCall) this.#asleepInCalls += 1;
    return new Promise((resolve) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", wakeEarly);
        if (isInCall) this.#asleepInCalls -= 1;
        resolve();
      };
      const sleeper: Sleeper = { wakeAt: this.#at + Math.max(0, ms), wake };
      const index = this.#sleepers.findIndex(({ wakeAt }) => wakeAt > sleeper.wakeAt);
      this.#sleepers.splice(index < 0 ? this.#sleepers.length : index, 0, sleeper);
      const wakeEarly = (): void => {
        this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
        wake();
      };
      signal?.addEventListener("abort", wakeEarly);
      this.#moveWhenQuiet();
    });
  }

  #moveWhenQuiet(): void {
    this.#happened += 1;
    if (this.#isWaitingForQuiet || this.#calls !== this.#asleepInCalls) return;
    this.#isWaitingForQuiet = true;
    this.#awaitQuiet(this.#happened, QUIET_TURNS);
  }

  #awaitQuiet(happened: number, turns: number): void {
    setImmediate(() => {
      if (happened === this.#happened && turns > 1) {
        this.#awaitQuiet(happened, turns - 1);
        return;
      }
      this.#isWaitingForQuiet = false;
      if (happened !== this.#happened) this.#moveWhenQuiet();
      else if (this.#calls === this.#asleepInCalls) this.#wakeNext();
    });
  }

  /** One at a time: what it does may end before another wakes at the same instant. */
  #wakeNext(): void {
    const next = this.#sleepers.shift();
    if (next === undefined) return;
    this.#at = Math.max(this.#at, next.wakeAt);
    next.wake();
    this.#moveWhenQuiet();
  }
}
