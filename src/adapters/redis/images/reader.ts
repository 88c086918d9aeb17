import type { Redis } from "ioredis";
import { timeOf } from "../client/cluster.ts";
import type { RedisConnection } from "../connection.ts";
import type { Keys } from "../keys.ts";
import { onceATurn, onceATurnEach } from "../once-a-turn.ts";
import { floorScore, pairsOf, readImage } from "./record.ts";
import { readRegions } from "./regions.ts";
import { quoteKey, UnreadableRecord, foreignKeyOf } from "../strange.ts";
import type { Image } from "../../../domain/image/image.ts";
import { QUEUES, type Queue } from "../../../domain/image/lifecycle.ts";
import type { Clocks } from "../../../domain/limits/clocks.ts";
import { SECOND_MS, toScore, type Instant } from "../../../domain/time.ts";
import type { Clock } from "../../../ports/index.ts";

/** About so many images are read at once. */
const LIVE_PAGE = 200;

/** What the schedule only reads. */
export class ScheduleReader {
  protected readonly redis: Redis;
  protected readonly keys: Keys;
  protected readonly clock: Clock;
  protected readonly connection: RedisConnection;
  readonly #isPaused: () => Promise<boolean>;
  /** How many are due in all regions by a score: every region's pass asks that of each queue. */
  readonly #dueInAll: Readonly<Record<Queue, (until: number) => Promise<number>>>;

  constructor(connection: RedisConnection, clock: Clock) {
    this.redis = connection.redis;
    this.keys = connection.keys;
    this.clock = clock;
    this.connection = connection;
    this.#isPaused = onceATurn(async () => (await this.redis.exists(this.keys.control("paused"))) !== 0);
    const inAll = (queue: Queue): ((until: number) => Promise<number>) =>
      onceATurnEach(async (until) => this.#countIn(await this.regions(), queue, until));
    this.#dueInAll = {
      unresolved: inAll("unresolved"),
      private: inAll("private"),
      delete: inAll("delete"),
      restore: inAll("restore"),
      held: inAll("held"),
    };
  }

  async now(): Promise<Clocks> {
    const before = this.clock.now();
    const theirs = await timeOf(this.redis, this.keys);
    const ours = this.clock.now();
    // While the question was under way our clock moved on; only what lies outside that time is skew.
    const skewMs = Math.max(0, theirs - ours, before - theirs);
    return { at: Math.min(ours, theirs), skewMs, shared: theirs };
  }

  regions(): Promise<readonly string[]> {
    return readRegions(this.connection);
  }

  async *live(region: string): AsyncGenerator<readonly Image[]> {
    for (let cursor: string | null = "0"; cursor !== null;) {
      const page: [string, string[]] = await this.redis.sscan(this.keys.images(region), cursor, "COUNT", LIVE_PAGE);
      const [next, amiIds] = page;
      yield await this.readAll(region, amiIds);
      cursor = next === "0" ? null : next;
    }
  }

  async get(region: string, amiId: string): Promise<Image | null> {
    const key = this.keys.image(region, amiId);
    try {
      const image = readImage(region, amiId, await this.redis.hgetall(key));
      this.connection.strangers.forget(key);
      return image;
    } catch (error) {
      if (!(error instanceof UnreadableRecord) && foreignKeyOf(error) === null) throw error;
      throw this.tellUnreadable(region, amiId, error instanceof UnreadableRecord ? error.message : null);
    }
  }

  /** Tells a record that cannot be read, and resolves to what to throw. `why`: null for one that is no hash. */
  protected tellUnreadable(region: string, amiId: string, why: string | null): UnreadableRecord {
    const unreadable = unreadableRecord(this.keys.image(region, amiId), `${region} ${amiId}`, why);
    this.connection.strangers.tell(this.keys.image(region, amiId), `redis: ${unreadable.message}`, region);
    return unreadable;
  }

  /** As `readImage`; none when there is none, or when it cannot be read and is told. */
  protected readOrTell(region: string, amiId: string, flat: readonly string[]): readonly Image[] {
    try {
      const image = this.readOrThrow(region, amiId, flat);
      return image === null ? [] : [image];
    } catch (error) {
      if (error instanceof UnreadableRecord) return [];
      throw error;
    }
  }

  /** As `readImage`; what cannot be read is told. */
  protected readOrThrow(region: string, amiId: string, flat: readonly string[]): Image | null {
    try {
      return readImage(region, amiId, pairsOf(flat));
    } catch (error) {
      if (error instanceof UnreadableRecord) throw this.tellUnreadable(region, amiId, error.message);
      throw error;
    }
  }

  /** Tells an image that waits and has no record. */
  protected tellMissing(region: string, amiId: string, queue: Queue): void {
    const key = this.keys.queue(region, queue);
    const remedy = `clean-amis backfill hears of it again; or, if it is none of ours: redis-cli ZREM ${quoteKey(key)} ${quoteKey(amiId)}`;
    this.connection.strangers.tell(
      `${key} ${amiId}`,
      `redis: ${region} ${amiId} waits in ${queue} and has no record: ${remedy}`,
      region,
    );
  }

  async waiting(region: string, amiId: string): Promise<{ queue: Queue; wakeAt: Instant } | null> {
    const { strangers } = this.connection;
    const scores = await Promise.all(
      QUEUES.map((queue) => {
        const key = this.keys.queue(region, queue);
        return strangers.orTell(key, this.redis.zscore(key, amiId), null);
      }),
    );
    const index = scores.findIndex((score) => score !== null);
    const [queue, score] = [QUEUES[index], scores[index]];
    if (queue === undefined || score == null) return null;
    return { queue, wakeAt: score === "inf" ? Infinity : Number(score) * SECOND_MS };
  }

  async ofCompose(
    composeId: string,
    { region, most = Infinity }: { readonly region?: string; readonly most?: number } = {},
  ): Promise<readonly Image[]> {
    const regions = region === undefined ? [...(await this.regions())].sort() : [region];
    const ids = await Promise.all(regions.map((each) => this.amiIdsOf(each, composeId)));
    let left = most;
    const found = regions.map((each, index) => {
      const wanted = [...(ids[index] ?? [])].sort().slice(0, left);
      left -= wanted.length;
      return this.readAll(each, wanted);
    });
    return (await Promise.all(found)).flat();
  }

  amiIdsOf(region: string, composeId: string): Promise<readonly string[]> {
    const key = this.keys.composeImages(region, composeId);
    return this.connection.strangers.orTell(key, this.redis.smembers(key), []);
  }

  newest(region: string, stream: string, count: number): Promise<readonly string[]> {
    return this.redis.zrevrange(this.keys.stream(region, stream), 0, count - 1);
  }

  countDue(queue: Queue, now: Instant, region?: string): Promise<number> {
    const until = floorScore(now);
    return region === undefined ? this.#dueInAll[queue](until) : this.#countIn([region], queue, until);
  }

  async #countIn(regions: readonly string[], queue: Queue, until: number): Promise<number> {
    const counts = await Promise.all(
      regions.map((name) => {
        const key = this.keys.queue(name, queue);
        return this.connection.strangers.orTell(key, this.redis.zcount(key, "-inf", until), 0);
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async nextDue(regions: readonly string[], queues: readonly Queue[], now: Instant): Promise<Instant> {
    const firsts = regions.flatMap((region) =>
      queues.map(async (queue) => {
        const key = this.keys.queue(region, queue);
        const first = this.redis.zrangebyscore(key, `(${floorScore(now)}`, "(inf", "WITHSCORES", "LIMIT", 0, 1);
        const [, score = "inf"] = await this.connection.strangers.orTell(key, first, []);
        return score === "inf" ? Infinity : Number(score) * SECOND_MS;
      }),
    );
    return Math.min(Infinity, ...(await Promise.all(firsts)));
  }

  countLive(region: string): Promise<number> {
    return this.redis.scard(this.keys.images(region));
  }

  async due(region: string, queue: Queue, now: Instant, limit: number): Promise<readonly Image[]> {
    const key = this.keys.queue(region, queue);
    const amiIds = this.redis.zrangebyscore(key, "-inf", floorScore(now), "LIMIT", 0, limit);
    return this.readAll(region, await this.connection.strangers.orTell(key, amiIds, []));
  }

  async between(region: string, queue: Queue, from: Instant, to: Instant, limit: number): Promise<readonly Image[]> {
    const key = this.keys.queue(region, queue);
    const amiIds = this.redis.zrangebyscore(key, toScore(from), `(${toScore(to)}`, "LIMIT", 0, limit);
    return this.readAll(region, await this.connection.strangers.orTell(key, amiIds, []));
  }

  async mayAct({ region, amiId, token }: Image): Promise<boolean> {
    const [stored, paused] = await Promise.all([
      this.redis.hget(this.keys.image(region, amiId), "token"),
      this.#isPaused(),
    ]);
    return stored === token && token !== "" && !paused;
  }

  /** Those that are still there, and can be read. */
  protected async readAll(region: string, amiIds: readonly string[]): Promise<readonly Image[]> {
    const images = await Promise.all(
      amiIds.map(async (amiId) => {
        try {
          return await this.get(region, amiId);
        } catch (error) {
          if (error instanceof UnreadableRecord) return null;
          throw error;
        }
      }),
    );
    return images.filter((image) => image !== null);
  }
}

/** What is said of a record that cannot be read, with what to type. `why`: null for one that is no hash. */
export function unreadableRecord(key: string, name: string, why: string | null): UnreadableRecord {
  const quoted = quoteKey(key);
  const problem = why ?? `${name}: its record is not a hash: clean-amis did not write it`;
  return new UnreadableRecord(
    `${problem}: nothing is done to it; look at it (redis-cli ${why === null ? "TYPE" : "HGETALL"} ${quoted}), and ` +
      `${why === null ? "" : "mend the field, or "}move it away: redis-cli RENAME ${quoted} ${quoteKey(`${key}:moved`)}`,
  );
}
