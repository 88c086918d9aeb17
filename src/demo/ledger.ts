import { Redis } from "ioredis";

/** The schedule as plain Redis commands show it, read without any code of the service. */
export class Ledger {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(url: string, prefix: string) {
    this.#redis = new Redis(url);
    this.#prefix = prefix;
  }

  /** Stage and rule of every image, by `region ami-id`. */
  async images(): Promise<ReadonlyMap<string, { readonly stage: string; readonly rule: string }>> {
    const found = new Map<string, { stage: string; rule: string }>();
    const match = `${this.#prefix}:{*}:image:*`;
    for await (const keys of this.#redis.scanStream({ match, count: 1000 }))
      await Promise.all(
        (keys as string[]).map(async (key) => {
          const [, region = "", amiId = ""] = /\{(.+)\}:image:(.+)$/.exec(key) ?? [];
          const [stage, rule] = await this.#redis.hmget(key, "stage", "rule");
          found.set(`${region} ${amiId}`, { stage: stage ?? "", rule: rule ?? "" });
        }),
      );
    return found;
  }

  rejected(): Promise<number> {
    return this.#redis.xlen(`${this.#prefix}:rejected`);
  }

  /** The rejected stream, oldest first, each entry by its field names. */
  async rejectedEntries(): Promise<Readonly<Record<string, string>>[]> {
    const entries = await this.#redis.xrange(`${this.#prefix}:rejected`, "-", "+");
    return entries.map(([, flat]) =>
      Object.fromEntries(flat.flatMap((word, index) => (index % 2 === 0 ? [[word, flat[index + 1] ?? ""]] : []))),
    );
  }

  /** Puts something of a wrong type where the service keeps something else. */
  async spoil(name: string): Promise<void> {
    await this.#redis.set(`${this.#prefix}:${name}`, "not ours");
  }

  /** Makes it so that everything was heard only until then: what a long stop does. */
  async setHeardUntil(at: number): Promise<void> {
    await this.#redis.hset(`${this.#prefix}:{control}:ears`, "heard_until", new Date(at).toISOString());
  }

  /** The delete queue of a region, as `redis-cli ZRANGE … WITHSCORES` prints it. */
  deleteQueue(region: string): Promise<string[]> {
    return this.#redis.zrange(`${this.#prefix}:{${region}}:delete`, "0", "-1", "WITHSCORES");
  }

  /** Removes every key of the demo from a Redis that is not its own. */
  async remove(): Promise<void> {
    for await (const keys of this.#redis.scanStream({ match: `${this.#prefix}:*`, count: 1000 }))
      await Promise.all((keys as string[]).map((key) => this.#redis.del(key)));
  }

  close(): void {
    this.#redis.disconnect();
  }
}
