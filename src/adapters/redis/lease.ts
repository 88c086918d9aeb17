import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { loadScript } from "./script.ts";
import { ofOtherType, UnreadableRecord } from "./strange.ts";
import { wantedSignal } from "../abandon.ts";
import { describeError, UpstreamError } from "../../errors.ts";
import type { Log } from "../../ports/index.ts";

const renewScript = loadScript("control/renew");
const endScript = loadScript("control/end");

/**
 * Tokens of leases that ended here. Redis may not have heard of the end, or may have forgotten it with its master: who takes the
 * lease again here comes with the same token, and need not wait until nobody's lease has run out.
 */
const ended = new WeakMap<Redis, Map<string, string>>();

/** A right that one process has at a time, and that ends by itself when the process dies. */
export class ControlLease {
  /** Stands in the key as long as the lease is ours. */
  readonly token: string;
  readonly #redis: Redis;
  readonly #key: string;
  readonly #lifeMs: number;
  #timer: NodeJS.Timeout | undefined;

  private constructor(redis: Redis, key: string, lifeMs: number) {
    this.token = ended.get(redis)?.get(key) ?? randomUUID();
    // Not twice at a time.
    ended.get(redis)?.delete(key);
    this.#redis = redis;
    this.#key = key;
    this.#lifeMs = lifeMs;
  }

  /** Null when another process has it. Throws `UnreadableRecord` when what stands there will never end. */
  static async take(redis: Redis, key: string, lifeMs: number): Promise<ControlLease | null> {
    const lease = new ControlLease(redis, key, lifeMs);
    try {
      return (await lease.#isTaken()) ? lease : null;
    } catch (error) {
      // Redis may have written it, and what it was asked for has not begun.
      lease.#remember();
      throw error;
    }
  }

  async #isTaken(): Promise<boolean> {
    if ((await this.#redis.set(this.#key, this.token, "PX", this.#lifeMs, "NX")) === "OK") return true;
    // The answer to the first of two may have been lost on its way, after Redis had written.
    if (await this.renew()) return true;
    const leftMs = await this.#redis.pttl(this.#key);
    if (leftMs === -1) throw new UnreadableRecord(ofOtherType(this.#key));
    // Redis' clock was ahead when it was written: who has it prolongs it, and who has died would keep it until then.
    if (leftMs > this.#lifeMs) await this.#redis.pexpire(this.#key, this.#lifeMs);
    return false;
  }

  /** Prolongs it; false when it ran out, or another process has it. */
  async renew(): Promise<boolean> {
    return (await renewScript(this.#redis, [this.#key], [this.token, this.#lifeMs])) === 1;
  }

  /** Prolongs it. Throws `UpstreamError` (`lease-lost`) when it is not ours any more. */
  async confirm(): Promise<void> {
    if (!(await this.renew())) throw this.lost();
  }

  /** Prolongs it by itself until `end`; a pass that is given up cannot end it, and what it cannot end must run out. */
  keepAlive(everyMs: number, log: Pick<Log, "warn">): void {
    this.#timer = setInterval(() => void this.#prolong(log), everyMs);
    wantedSignal()?.addEventListener("abort", () => {
      clearInterval(this.#timer);
    });
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    // What was given up may still be under way somewhere: its lease must run out.
    if (wantedSignal()?.aborted !== true) this.#remember();
    await endScript(this.#redis, [this.#key], [this.token]);
  }

  #remember(): void {
    const tokens = ended.get(this.#redis) ?? new Map<string, string>();
    ended.set(this.#redis, tokens.set(this.#key, this.token));
  }

  async #prolong(log: Pick<Log, "warn">): Promise<void> {
    try {
      if (await this.renew()) return;
      clearInterval(this.#timer);
      log.warn({ lease: this.#key }, "a lease ran out");
    } catch (error) {
      log.warn({ lease: this.#key, error: describeError(error) }, "a lease could not be renewed");
    }
  }

  lost(): UpstreamError {
    const message = `redis: the lease ${this.#key} ran out, or another process has it: nothing more is done until it is ours again`;
    return new UpstreamError("redis", "lease-lost", message);
  }
}
