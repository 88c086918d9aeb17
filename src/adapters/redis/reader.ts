import type { Redis } from "ioredis";
import type { RedisConnection } from "./connection.ts";
import type { Keys } from "./keys.ts";
import { floorScore, readImage } from "./record.ts";
import type { Image } from "../../domain/image/image.ts";
import { QUEUES, type Queue } from "../../domain/image/lifecycle.ts";
import type { Clocks } from "../../domain/limits/clocks.ts";
import { SECOND_MS, toScore, type Instant } from "../../domain/time.ts";
import type { Clock } from "../../ports/index.ts";

/** About so many images are read at once. */
const LIVE_PAGE = 200;

/** What the schedule only reads. */
export class ScheduleReader {
  protected readonly redis: Redis;
  protected readonly keys: Keys;
  protected readonly clock: Clock;

  constructor({ redis, keys }: RedisConnection, clock: Clock) {
    this.redis = redis;
    this.keys = keys;
    this.clock = clock;
  }

  async now(): Promise<Clocks> {
    const before = this.clock.now();
    const [seconds, microseconds] = await this.redis.time();
    const theirs = Number(seconds) * SECOND_MS + Math.floor(Number(microseconds) / 1000);
    const ours = this.clock.now();
    // While the question was under way our clock moved on; only what lies outside that time is skew.
    const skewMs = Math.max(0, theirs - ours, before - theirs);
    return { at: Math.min(ours, theirs), skewMs, shared: theirs };
  }

  async regions(): Promise<readonly string[]> {
    return (await this.redis.smembers(this.keys.regions)).sort();
  }

  async *live(region: string): AsyncGenerator<readonly Image[]> {
    for (let cursor: string | null = "0"; cursor !== null;) {
      const page: [string, string[]] = await this.redis.sscan(this.keys.images(region), cursor, "COUNT", LIVE_PAGE);
      const [next, amiIds] = page;
      yield await this.#read(region, amiIds);
      cursor = next === "0" ? null : next;
    }
  }

  async get(region: string, amiId: string): Promise<Image | null> {
    return readImage(region, amiId, await this.redis.hgetall(this.keys.image(region, amiId)));
  }

  async waiting(region: string, amiId: string): Promise<{ queue: Queue; wakeAt: Instant } | null> {
    const scores = await Promise.all(QUEUES.map((queue) => this.redis.zscore(this.keys.queue(region, queue), amiId)));
    const index = scores.findIndex((score) => score !== null);
    const [queue, score] = [QUEUES[index], scores[index]];
    if (queue === undefined || score == null) return null;
    return { queue, wakeAt: score === "inf" ? Infinity : Number(score) * SECOND_MS };
  }

  async ofCompose(composeId: string): Promise<readonly Image[]> {
    const regions = await this.redis.smembers(this.keys.regions);
    const found = await Promise.all(
      regions.map(async (region) => this.#read(region, await this.amiIdsOf(region, composeId))),
    );
    return found.flat();
  }

  amiIdsOf(region: string, composeId: string): Promise<readonly string[]> {
    return this.redis.smembers(this.keys.composeImages(region, composeId));
  }

  newest(region: string, stream: string, count: number): Promise<readonly string[]> {
    return this.redis.zrevrange(this.keys.stream(region, stream), 0, count - 1);
  }

  async countDue(queue: Queue, now: Instant, region?: string): Promise<number> {
    const regions = region === undefined ? await this.regions() : [region];
    const counts = await Promise.all(
      regions.map((name) => this.redis.zcount(this.keys.queue(name, queue), "-inf", floorScore(now))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  countLive(region: string): Promise<number> {
    return this.redis.scard(this.keys.images(region));
  }

  async due(region: string, queue: Queue, now: Instant, limit: number): Promise<readonly Image[]> {
    const key = this.keys.queue(region, queue);
    const amiIds = await this.redis.zrangebyscore(key, "-inf", floorScore(now), "LIMIT", 0, limit);
    return this.#read(region, amiIds);
  }

  async between(region: string, queue: Queue, from: Instant, to: Instant, limit: number): Promise<readonly Image[]> {
    const key = this.keys.queue(region, queue);
    const amiIds = await this.redis.zrangebyscore(key, toScore(from), `(${toScore(to)}`, "LIMIT", 0, limit);
    return this.#read(region, amiIds);
  }

  async mayAct({ region, amiId, token }: Image): Promise<boolean> {
    const [stored, paused] = await Promise.all([
      this.redis.hget(this.keys.image(region, amiId), "token"),
      this.redis.exists(this.keys.control("paused")),
    ]);
    return stored === token && token !== "" && paused === 0;
  }

  /** Those that are still there. */
  async #read(region: string, amiIds: readonly string[]): Promise<readonly Image[]> {
    const images = await Promise.all(amiIds.map((amiId) => this.get(region, amiId)));
    return images.filter((image) => image !== null);
  }
}
