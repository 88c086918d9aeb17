import type { RedisConnection } from "../connection.ts";
import { MOST_STREAM_BYTES, streamBytes } from "../stream-bytes.ts";
import { compareIds, isEntryId } from "../../../domain/image/event.ts";
import { believable } from "../../../domain/limits/deaf.ts";
import { DAY_MS, formatInstant, isDate, parseInstant, type Instant } from "../../../domain/time.ts";

/** A kind of report that was not made for so long is one that nobody makes any more. */
const MOVED_MS = 30 * DAY_MS;
/** As much as an event takes, and more than most, where Redis may not be asked. */
const EVENT_BYTES = 1024;
/** Of the time from the first event to the last that may go, so much goes at once. */
const TRIMMED_PART = 16;

/** The events of a region, and the kind of report that removes some of them. */
interface Trimming {
  readonly kind: string;
  readonly region: string;
  readonly now: Instant;
}

/** Removes the events that are older than `before`, and that every kind of report has read; resolves to how many. */
export async function trimOld(connection: RedisConnection, trimming: Trimming, before: Instant): Promise<number> {
  const read = await readByAll(connection, trimming);
  if (read === null) return 0;
  const [oldest = "0-0"] = [`${before}-0`, read].sort(compareIds);
  return connection.redis.xtrim(connection.keys.events(trimming.region), "MINID", oldest);
}

/**
 * Where the events take more than a stream may, removes the oldest of those that are older than `spared`, and that every kind of
 * report has read; resolves to how many. It is told, also that none may go.
 */
export async function trimLarge(connection: RedisConnection, trimming: Trimming, spared: Instant): Promise<number> {
  const { redis, keys, strangers } = connection;
  const key = keys.events(trimming.region);
  const read = await readByAll(connection, trimming);
  const end = read === null ? 0 : Math.min(spared, Number(read.split("-")[0]));
  const size = `more than ${MOST_STREAM_BYTES / 1024 / 1024} MiB`;
  let removed = 0;
  while ((await streamBytes(redis, key, EVENT_BYTES)) > MOST_STREAM_BYTES) {
    const [first] = await redis.xrange(key, "-", "+", "COUNT", 1);
    const start = Number(first?.[0].split("-")[0]);
    if (!isDate(start) || start >= end) {
      const why = "what is not told yet, or is of the last weeks, is kept";
      strangers.tell(
        `${key} bytes`,
        `redis: ${key} takes ${size}: ${why}: mend the reports, or give Redis more memory`,
      );
      return removed;
    }
    removed += await redis.xtrim(key, "MINID", `${start + Math.ceil((end - start) / TRIMMED_PART)}-0`);
    const lost = "the oldest events in it are removed, and what happened to an image may begin later than it did";
    strangers.tell(`${key} bytes`, `redis: ${key} took ${size}: ${lost}: clean-amis events shows what is left`);
  }
  return removed;
}

/** Up to which event every kind of report has read; null: one of them has read nothing, or nobody can tell how far. */
async function readByAll(connection: RedisConnection, { kind, region, now }: Trimming): Promise<string | null> {
  const { redis, keys, strangers } = connection;
  const kinds = await strangers.orTell(keys.control("reporters"), redis.smembers(keys.control("reporters")), []);
  const isWaitedFor = await Promise.all(
    kinds.map(async (each) => each === kind || (await isAlive(connection, each, now))),
  );
  const cursors = await Promise.all(
    kinds
      .filter((_, index) => isWaitedFor[index])
      .map((each) => redis.hget(keys.control(`reporter:${each}:cursors`), region)),
  );
  const known = cursors.flatMap((cursor) => (cursor !== null && isEntryId(cursor) ? [cursor] : []));
  return known.length < cursors.length ? null : (known.sort(compareIds)[0] ?? null);
}

/** A kind that reports no more, because the reports moved, is not waited for. */
async function isAlive({ redis, keys }: RedisConnection, kind: string, now: Instant): Promise<boolean> {
  const status = keys.control(`reporter:${kind}:status`);
  const checkedAt = believable(parseInstant((await redis.hget(status, "checked_at")) ?? ""), now);
  if (checkedAt !== null) return now - checkedAt < MOVED_MS;
  // It never came so far as to say how it goes, or a wrong clock wrote it: its days begin here, and end.
  await redis.hset(status, "checked_at", formatInstant(now));
  return true;
}
