import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { loadScript } from "./script.ts";
import { ofOtherType, UnreadableRecord } from "./strange.ts";
import { UpstreamError } from "../../errors.ts";

const renewScript = loadScript("control/renew");
const endScript = loadScript("control/end");

/** A right that one process has at a time, and that ends by itself when the process dies. */
export class ControlLease {
  /** Stands in the key as long as the lease is ours. */
  readonly token: string;
  readonly #redis: Redis;
  readonly #key: string;
  readonly #lifeMs: number;

  private constructor(redis: Redis, key: string, lifeMs: number) {
    this.token = randomUUID();
    this.#redis = redis;
    this.#key = key;
    this.#lifeMs = lifeMs;
  }

  /** Null when another process has it. Throws `UnreadableRecord` when what stands there will never end. */
  static async take(redis: Redis, key: string, lifeMs: number): Promise<ControlLease | null> {
    const lease = new ControlLease(redis, key, lifeMs);
    if ((await redis.set(key, lease.token, "PX", lifeMs, "NX")) === "OK") return lease;
    if ((await redis.pttl(key)) === -1) throw new UnreadableRecord(ofOtherType(key));
    return null;
  }

  /** Prolongs it; false when it ran out, or another process has it. */
  async renew(): Promise<boolean> {
    return (await renewScript(this.#redis, [this.#key], [this.token, this.#lifeMs])) === 1;
  }

  /** Prolongs it. Throws `UpstreamError` (`lease-lost`) when it is not ours any more. */
  async confirm(): Promise<void> {
    if (!(await this.renew())) throw this.lost();
  }

  async end(): Promise<void> {
    await endScript(this.#redis, [this.#key], [this.token]);
  }

  lost(): UpstreamError {
    const message = `redis: the lease ${this.#key} ran out, or another process has it: nothing more is done until it is ours again`;
    return new UpstreamError("redis", "lease-lost", message);
  }
}
