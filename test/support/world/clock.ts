import type { Instant } from "../../../src/domain/time.ts";
import type { Clock, Schedule } from "../../../src/ports/index.ts";

/** A clock that stands still until a test moves it; whoever sleeps on it moves it. */
export class SettableClock implements Clock {
  #at: Instant;

  constructor(at: Instant) {
    this.#at = at;
  }

  now = (): Instant => this.#at;

  sleep = (ms: number): Promise<void> => {
    this.advance(ms);
    return Promise.resolve();
  };

  advance(ms: number): void {
    this.#at += ms;
  }
}

/** The schedule with the test's clock in the place of Redis' own, so that days can pass. */
export function withClock(schedule: Schedule, clock: Clock): Schedule {
  const now: Schedule["now"] = () => Promise.resolve({ at: clock.now(), skewMs: 0, shared: clock.now() });
  return new Proxy(schedule, {
    get: (target, name) => (name === "now" ? now : (Reflect.get(target, name) as unknown)),
  });
}
