import type { RedisConnection } from "../connection.ts";
import { unreadableRecord } from "./reader.ts";
import { readImage } from "./record.ts";
import { readRegions } from "./regions.ts";
import { asUpstream, UnreadableRecord } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import type { Image } from "../../../domain/image/image.ts";
import type { Queue } from "../../../domain/image/lifecycle.ts";
import { SECOND_MS, toScore, type Instant } from "../../../domain/time.ts";
import { describeError } from "../../../errors.ts";
import type { Place, Queues, StageOf, Strange, Waiting } from "../../../ports/index.ts";

const SCAN_COUNT = 1000;

/** The queues of all regions, for readers. */
export function redisQueues(connection: RedisConnection): Queues {
  const { redis, keys } = connection;
  const zrange = async (region: string, queue: Queue, from: number, to: number): Promise<(Waiting & Place)[]> => {
    const flat = await redis.zrange(keys.queue(region, queue), String(from), String(to), "WITHSCORES");
    return placesOf(region, queue, flat, from);
  };
  /** How many wake up before. */
  const rankOf = (region: string, queue: Queue, at: Instant): Promise<number> =>
    redis.zcount(keys.queue(region, queue), "-inf", `(${scoreOf(at)}`);
  /** By rank, as long as the last place stands where it stood or is found; else from the first one of its second on. */
  const after = async (region: string, queue: Queue, place: Place, size: number): Promise<(Waiting & Place)[]> => {
    const known = place.rank ?? (await redis.zrank(keys.queue(region, queue), place.amiId)) ?? 0;
    const [same, ...next] = await zrange(region, queue, known, known + size);
    if (same !== undefined && compare(same, place) === 0) return next;
    let rank = await rankOf(region, queue, place.wakeAt);
    for (;;) {
      const found = await zrange(region, queue, rank, rank + size - 1);
      const fresh = found.filter((each) => compare(each, place) > 0);
      if (fresh.length > 0 || found.length === 0) return fresh;
      rank += found.length;
    }
  };
  const queues: Queues = {
    regions: () => readRegions(connection),
    page: async (region, queue, place, size, until) => {
      const found = place === null ? await zrange(region, queue, 0, size - 1) : await after(region, queue, place, size);
      return found.filter(({ wakeAt }) => wakeAt <= until);
    },
    from: async (region, queue, at, size) => {
      const rank = await rankOf(region, queue, at);
      return zrange(region, queue, rank, rank + size - 1);
    },
    last: async (region, queue) => (await zrange(region, queue, -1, -1))[0]?.wakeAt ?? null,
    first: async (region, queue) => (await zrange(region, queue, 0, 0))[0] ?? null,
    count: (region, queue, from, to) =>
      redis.zcount(keys.queue(region, queue), scoreOf(from), to === Infinity ? "(inf" : `(${toScore(to)}`),
    images: async (region, amiIds) => {
      const answers = await pipelined(amiIds.map((amiId) => ["hgetall", keys.image(region, amiId)]));
      return answers.map((answer, index) =>
        imageOf(region, amiIds[index] ?? "", answer, keys.image(region, amiIds[index] ?? "")),
      );
    },
    live: (region) => redis.sscanStream(keys.images(region), { count: SCAN_COUNT }) as AsyncIterable<readonly string[]>,
    stages: async (region, amiIds) => {
      const fields = ["stage", "last_error", "delete_at"];
      const answers = await pipelined(amiIds.map((amiId) => ["hmget", keys.image(region, amiId), ...fields]));
      return answers.map(stageOf);
    },
  };
  /** Commands of one region, hence of one slot, in one round trip; a failure of one is its answer. */
  async function pipelined(commands: string[][]): Promise<readonly unknown[]> {
    const answers = (await redis.pipeline(commands).exec()) ?? [];
    return answers.map(([error, answer]) => {
      if (error !== null && !error.message.startsWith("WRONGTYPE")) throw error;
      return error ?? answer;
    });
  }
  return translateErrors(queues, asUpstream);
}

function placesOf(region: string, queue: Queue, flat: readonly string[], from: number): (Waiting & Place)[] {
  const places: (Waiting & Place)[] = [];
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const rank = from + index / 2;
    places.push({ region, queue, amiId: flat[index] ?? "", wakeAt: instantOf(flat[index + 1] ?? ""), rank });
  }
  return places;
}

/** The order of a sorted set: by score, then by the member's bytes. */
function compare(one: Omit<Place, "rank">, other: Omit<Place, "rank">): number {
  if (one.wakeAt !== other.wakeAt) return one.wakeAt < other.wakeAt ? -1 : 1;
  return Buffer.compare(Buffer.from(one.amiId), Buffer.from(other.amiId));
}

function instantOf(score: string): Instant {
  return score === "inf" ? Infinity : score === "-inf" ? -Infinity : Number(score) * SECOND_MS;
}

function scoreOf(at: Instant): string {
  return at === Infinity ? "+inf" : at === -Infinity ? "-inf" : String(at / SECOND_MS);
}

function imageOf(region: string, amiId: string, answer: unknown, key: string): Image | Strange | null {
  const name = `${region} ${amiId}`;
  // A list has the image's name in front of what is wrong with it.
  const strange = (why: string | null): Strange => ({
    strange: describeError(unreadableRecord(key, name, why)).replace(`${name}: `, ""),
  });
  if (answer instanceof Error) return strange(null);
  try {
    return readImage(region, amiId, answer as Readonly<Record<string, string>>);
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    return strange(error.message);
  }
}

function stageOf(answer: unknown): StageOf {
  if (!Array.isArray(answer)) return { stage: "", lastError: "", deleteAt: "" };
  const [stage, lastError, deleteAt] = answer as (string | null)[];
  return { stage: stage ?? "", lastError: lastError ?? "", deleteAt: deleteAt ?? "" };
}
