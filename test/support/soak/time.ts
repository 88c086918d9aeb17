import { Redis } from "ioredis";
import { DAY_MS, type Instant } from "../../../src/domain/time.ts";

/** A key of which Redis says when it ends lives so much shorter; what is over is removed. Of a page of SCAN. */
const AGE = `
for _, key in ipairs(KEYS) do
  local left = redis.call("PTTL", key)
  if left >= 0 then
    if left <= tonumber(ARGV[1]) then redis.call("UNLINK", key)
    else redis.call("PEXPIRE", key, string.format("%.0f", left - ARGV[1])) end
  end
end
return 1`;
const PAGE = 1000;

/**
 * The time of this process, and of its Redis as the service asks for it: it goes on as everywhere, and is set forward where nothing
 * is under way. What Redis counts down by itself, the lives of keys, is shortened by `age`.
 */
export class VirtualTime {
  readonly #real = Date.now.bind(Date);
  #aheadMs: number;
  #agedAt: Instant;

  /** It is `start` now. */
  private constructor(start: Instant) {
    this.#aheadMs = start - this.#real();
    this.#agedAt = start;
  }

  /** Stands in for the machine's clock until `end`. */
  static begin(start: Instant): VirtualTime {
    const time = new VirtualTime(start);
    Date.now = time.now;
    const told = (): Promise<[number, number]> =>
      Promise.resolve([Math.floor(time.now() / 1000), (time.now() % 1000) * 1000]);
    Object.defineProperty(Redis.prototype, "time", { value: told, configurable: true });
    return time;
  }

  readonly now = (): Instant => Math.floor(this.#real() + this.#aheadMs);

  /** Sets the clock forward to that instant; one that is over already changes nothing. */
  to(instant: Instant): void {
    this.#aheadMs += Math.max(0, instant - this.now());
  }

  /** Redis' keys have lived through the days since this was called last. */
  async age(redis: Redis, prefix: string, leastMs: number = DAY_MS): Promise<void> {
    const passedMs = this.now() - this.#agedAt;
    if (passedMs < leastMs) return;
    this.#agedAt = this.now();
    for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: PAGE }))
      if ((keys as string[]).length > 0)
        await redis.eval(AGE, (keys as string[]).length, ...(keys as string[]), passedMs);
  }

  end(): void {
    Date.now = this.#real;
    Reflect.deleteProperty(Redis.prototype, "time");
  }
}
