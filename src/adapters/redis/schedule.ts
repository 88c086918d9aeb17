import type { Redis } from "ioredis";
import { asUpstream, type RedisConnection } from "./connection.ts";
import type { Keys } from "./keys.ts";
import {
  floorScore,
  orderText,
  pairsOf,
  readImage,
  readTakenAway,
  scoreOf,
  writeEvent,
  writeFields,
  writeUpload,
} from "./record.ts";
import { loadScript } from "./script.ts";
import { writeChange, type Guard } from "./settle.ts";
import { translateErrors } from "../translate.ts";
import type { Decision } from "../../domain/compose/classify.ts";
import type { EventDraft } from "../../domain/image/event.ts";
import type { Image, TakenAway } from "../../domain/image/image.ts";
import { entryOf, QUEUES, type Change, type Entry, type Periods, type Queue } from "../../domain/image/lifecycle.ts";
import { streamOf } from "../../domain/image/stream.ts";
import type { Upload } from "../../domain/image/upload.ts";
import { formatInstant, SECOND_MS, toScore, type Instant } from "../../domain/time.ts";
import type { Clock, Lease, Schedule } from "../../ports/index.ts";

const add = loadScript("add");
const claim = loadScript("claim");
const take = loadScript("take");
const notice = loadScript("notice");

/** About so many images are read at once. */
const LIVE_PAGE = 200;

/** The schedule in Redis sorted sets, one set of keys a region. */
export function redisSchedule(connection: RedisConnection, clock: Clock, periods: Periods): Schedule {
  return translateErrors<Schedule>(new RedisSchedule(connection, clock, periods), asUpstream);
}

class RedisSchedule implements Schedule {
  readonly #connection: RedisConnection;
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #clock: Clock;
  readonly #periods: Periods;

  constructor(connection: RedisConnection, clock: Clock, periods: Periods) {
    const { redis, keys } = connection;
    this.#connection = connection;
    this.#redis = redis;
    this.#keys = keys;
    this.#clock = clock;
    this.#periods = periods;
  }

  async now(): Promise<{ at: Instant; skewMs: number }> {
    const before = this.#clock.now();
    const [seconds, microseconds] = await this.#redis.time();
    const theirs = Number(seconds) * SECOND_MS + Math.floor(Number(microseconds) / 1000);
    const ours = this.#clock.now();
    // While the question was under way our clock moved on; only what lies outside that time is skew.
    const skewMs = Math.max(0, theirs - ours, before - theirs);
    return { at: Math.min(ours, theirs), skewMs };
  }

  async regions(): Promise<readonly string[]> {
    return (await this.#redis.smembers(this.#keys.regions)).sort();
  }

  async add(upload: Upload, decision: Decision, who: string): Promise<"new" | Image> {
    const { region, amiId } = upload;
    const known = await this.#enter(upload, entryOf(upload, decision, this.#periods, this.#clock.now(), who));
    return known.length === 0 ? "new" : (readImage(region, amiId, pairsOf(known)) ?? "new");
  }

  async adopt(upload: Upload, entry: Entry): Promise<boolean> {
    return (await this.#enter(upload, entry)).length === 0;
  }

  /** Resolves to the record that is there, `field, value, …`; empty when the image is entered now. */
  async #enter(upload: Upload, entry: Entry): Promise<readonly string[]> {
    const { region, amiId, composeId } = upload;
    await this.#redis.sadd(this.#keys.regions, region);
    const fields = [...writeUpload(upload), "private_at", formatInstant(entry.privateAt), ...writeFields(entry)];
    const score = entry.wait === null ? "" : scoreOf(entry.wait.wakeAt);
    return (await add(
      this.#redis,
      [
        this.#keys.image(region, amiId),
        this.#keys.queue(region, entry.wait?.queue ?? "unresolved"),
        this.#keys.composeImages(region, composeId),
        this.#keys.events(region),
        this.#keys.stream(region, streamOf(upload) ?? "none"),
        this.#keys.images(region),
      ],
      [amiId, score, composeId, orderText(composeId), fields.length, ...fields, ...writeEvent(upload, entry.event)],
    )) as string[];
  }

  async *live(region: string): AsyncGenerator<readonly Image[]> {
    for (let cursor: string | null = "0"; cursor !== null;) {
      const page: [string, string[]] = await this.#redis.sscan(this.#keys.images(region), cursor, "COUNT", LIVE_PAGE);
      const [next, amiIds] = page;
      yield await this.#read(region, amiIds);
      cursor = next === "0" ? null : next;
    }
  }

  async get(region: string, amiId: string): Promise<Image | null> {
    return readImage(region, amiId, await this.#redis.hgetall(this.#keys.image(region, amiId)));
  }

  async waiting(region: string, amiId: string): Promise<{ queue: Queue; wakeAt: Instant } | null> {
    const scores = await Promise.all(QUEUES.map((queue) => this.#redis.zscore(this.#keys.queue(region, queue), amiId)));
    const index = scores.findIndex((score) => score !== null);
    const [queue, score] = [QUEUES[index], scores[index]];
    if (queue === undefined || score == null) return null;
    return { queue, wakeAt: score === "inf" ? Infinity : Number(score) * SECOND_MS };
  }

  async ofCompose(composeId: string): Promise<readonly Image[]> {
    const regions = await this.#redis.smembers(this.#keys.regions);
    const found = await Promise.all(
      regions.map(async (region) => this.#read(region, await this.amiIdsOf(region, composeId))),
    );
    return found.flat();
  }

  amiIdsOf(region: string, composeId: string): Promise<readonly string[]> {
    return this.#redis.smembers(this.#keys.composeImages(region, composeId));
  }

  change(image: Image, change: Change): Promise<boolean> {
    return writeChange(this.#connection, image, change, recordGuard(image), "");
  }

  async identify(image: Image, upload: Upload, change: Change): Promise<boolean> {
    const { region, amiId } = image;
    const { composeId, imageName, arch } = { ...upload, imageName: upload.imageName ?? image.imageName };
    // First: whoever dies in between hears the message again, and a fact of the compose must not miss the image.
    await this.#redis.sadd(this.#keys.composeImages(region, composeId), amiId);
    const names = ["compose_id", composeId, "image_name", imageName ?? "", "arch", arch ?? image.arch ?? ""];
    const isWritten = await writeChange(
      this.#connection,
      { ...image, composeId, imageName },
      change,
      recordGuard(image),
      "",
      names,
    );
    if (isWritten) await this.#redis.srem(this.#keys.composeImages(region, image.composeId), amiId);
    return isWritten;
  }

  newest(region: string, stream: string, count: number): Promise<readonly string[]> {
    return this.#redis.zrevrange(this.#keys.stream(region, stream), 0, count - 1);
  }

  async countDue(queue: Queue, now: Instant, region?: string): Promise<number> {
    const regions = region === undefined ? await this.regions() : [region];
    const counts = await Promise.all(
      regions.map((name) => this.#redis.zcount(this.#keys.queue(name, queue), "-inf", floorScore(now))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  countLive(region: string): Promise<number> {
    return this.#redis.scard(this.#keys.images(region));
  }

  async due(region: string, queue: Queue, now: Instant, limit: number): Promise<readonly Image[]> {
    const key = this.#keys.queue(region, queue);
    const amiIds = await this.#redis.zrangebyscore(key, "-inf", floorScore(now), "LIMIT", 0, limit);
    return this.#read(region, amiIds);
  }

  async between(region: string, queue: Queue, from: Instant, to: Instant, limit: number): Promise<readonly Image[]> {
    const key = this.#keys.queue(region, queue);
    const amiIds = await this.#redis.zrangebyscore(key, toScore(from), `(${toScore(to)}`, "LIMIT", 0, limit);
    return this.#read(region, amiIds);
  }

  async claim(region: string, queue: Queue, lease: Lease, limit: number): Promise<readonly Image[]> {
    const taken = (await claim(
      this.#redis,
      [this.#keys.queue(region, queue)],
      [floorScore(lease.now), toScore(lease.until), lease.token, limit, this.#keys.image(region, "")],
    )) as [string, string[]][];
    const images = taken.map(([amiId, flat]) => readImage(region, amiId, pairsOf(flat)));
    return images.filter((image) => image !== null);
  }

  async mayAct({ region, amiId, token }: Image): Promise<boolean> {
    const [stored, paused] = await Promise.all([
      this.#redis.hget(this.#keys.image(region, amiId), "token"),
      this.#redis.exists(this.#keys.control("paused")),
    ]);
    return stored === token && token !== "" && paused === 0;
  }

  async recordTakenAway({ region, amiId, token }: Image, takenAway: TakenAway): Promise<TakenAway | null> {
    const stands = await take(this.#redis, [this.#keys.image(region, amiId)], [token, JSON.stringify(takenAway)]);
    return readTakenAway(stands as string);
  }

  settle(
    image: Image,
    change: Change,
    options: { readonly irreversible?: boolean; readonly keepClaim?: boolean } = {},
  ): Promise<boolean> {
    const guard: Guard = { field: "token", value: image.token, isOpen: options.irreversible === true };
    return writeChange(this.#connection, image, change, guard, options.keepClaim === true ? image.token : "");
  }

  async notice(image: Image, noticedAt: Instant, deleteAt: Instant, event: EventDraft): Promise<boolean> {
    const { region, amiId } = image;
    const answer = await notice(
      this.#redis,
      [this.#keys.image(region, amiId), this.#keys.queue(region, "delete"), this.#keys.events(region)],
      [
        ...[amiId, formatInstant(noticedAt), formatInstant(deleteAt), toScore(deleteAt), image.revision],
        ...writeEvent(image, event),
      ],
    );
    return answer === 1;
  }

  /** Those that are still there. */
  async #read(region: string, amiIds: readonly string[]): Promise<readonly Image[]> {
    const images = await Promise.all(amiIds.map((amiId) => this.get(region, amiId)));
    return images.filter((image) => image !== null);
  }
}

/** A record that nobody wrote since it was read. */
function recordGuard({ revision }: Image): Guard {
  return { field: "revision", value: String(revision), isOpen: false };
}
