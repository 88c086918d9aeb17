import { timeOf } from "../client/cluster.ts";
import type { RedisConnection } from "../connection.ts";
import { isLongPast } from "./past.ts";
import { readRegions } from "./regions.ts";
import { loadScript } from "../script.ts";
import { asUpstream, foreignKeyOf } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import { parseInstant, type Instant } from "../../../domain/time.ts";
import type { Named, Names } from "../../../ports/index.ts";

const look = loadScript("search");

/** So many composes, and about so many images, are looked at in one script: some milliseconds, in which Redis does nothing else. */
const STRETCH = 2000;
/** So many scripts a search takes at the most, if there are no more regions: a quarter of a second of Redis. */
const MOST_LOOKS = 60;
const SWEPT_AT_ONCE = 200;
const TAKEN_OVER_AT_ONCE = 500;

interface Entry {
  readonly named: Named;
  readonly uploadedAt: Instant;
}

/**
 * Names stand in the images' records, which a region's composes lead to: a sorted set by the digits of the second of the newest
 * upload; see enroll.lua and search.lua.
 */
export function redisNames(connection: RedisConnection): Names {
  const names: Names = {
    search: async (part, most) => {
      const regions = await readRegions(connection);
      const looks = Math.max(1, Math.floor(MOST_LOOKS / Math.max(1, regions.length)));
      const ofRegions: Awaited<ReturnType<typeof searchIn>>[] = [];
      // One script after the other: nobody else who asks Redis waits for more than one.
      for (const region of regions) ofRegions.push(await searchIn(connection, region, part.toLowerCase(), most, looks));
      const all = ofRegions.flatMap(({ found }) => found).sort(newestFirst);
      const ends = ofRegions.flatMap(({ since }) => since ?? []);
      const images = all.slice(0, most).map(({ named }) => named);
      return { images, isMore: all.length > most, since: ends.length === 0 ? null : Math.max(...ends) };
    },
    sweep: async (region, from) => {
      await takeOver(connection, region);
      const { redis, keys, strangers } = connection;
      const key = keys.composes(region);
      const there = redis.zrange(key, String(from), String(from + SWEPT_AT_ONCE - 1));
      const composes = await strangers.orTell(key, there, []);
      const stand = await Promise.all(composes.map((composeId) => hasRecords(connection, region, composeId)));
      const left = composes.filter((_, index) => stand[index] === false);
      if (left.length > 0) await forgetComposes(connection, region, left);
      return composes.length < SWEPT_AT_ONCE ? 0 : from + composes.length - left.length;
    },
  };
  return translateErrors(names, asUpstream);
}

/** The newest of a region; one more than asked for where there are. `since`: older ones were not looked at. */
async function searchIn(
  { redis, keys, strangers }: RedisConnection,
  region: string,
  part: string,
  most: number,
  looks: number,
): Promise<{ readonly found: readonly Entry[]; readonly since: Instant | null }> {
  const found: Entry[] = [];
  const heads = [keys.composeImages(region, ""), keys.image(region, "")];
  let [from, since]: [number, Instant | null] = [0, null];
  for (let at = 0; at < looks && found.length <= most; at += 1) {
    const args = [part, from, STRETCH, most + 1 - found.length, ...heads];
    const answer = await strangers.orTell(keys.composes(region), look(redis, [keys.composes(region)], args), [0, "1"]);
    const [looked, isEnd, score = "0", ...images] = answer as [number, string, string?, ...string[][]];
    for (const [amiId = "", imageName = "", composeId = "", uploaded = ""] of images)
      found.push({ named: { region, amiId, imageName, composeId }, uploadedAt: parseInstant(uploaded) ?? 0 });
    if (isEnd === "1") return { found, since: null };
    from += looked;
    since = instantOf(score);
  }
  return { found, since };
}

/** Whether any image of a compose has a record, or may have one. */
async function hasRecords({ redis, keys }: RedisConnection, region: string, composeId: string): Promise<boolean> {
  try {
    const amiIds = await redis.smembers(keys.composeImages(region, composeId));
    const there = await Promise.all(amiIds.map((amiId) => redis.exists(keys.image(region, amiId))));
    return there.includes(1);
  } catch (error) {
    // What is not ours to read is told by others.
    if (foreignKeyOf(error) === null) throw error;
    return true;
  }
}

/** Their own sets lead to images whose records were lost, unless it is so long ago that the images have ended. */
async function forgetComposes(
  { redis, keys }: RedisConnection,
  region: string,
  composes: readonly string[],
): Promise<void> {
  await redis.zrem(keys.composes(region), ...composes);
  const now = await timeOf(redis, keys);
  const past = composes.filter((composeId) => isLongPast(composeId, now));
  await Promise.all(past.map((composeId) => redis.del(keys.composeImages(region, composeId))));
}

/**
 * Version 0.1 wrote every name a second time, as `IMAGE-NAME COMPOSE AMI`: the composes of these are taken over, and the names
 * go. Another replica may still be of that version, and write more.
 */
async function takeOver({ redis, keys, strangers }: RedisConnection, region: string): Promise<void> {
  const key = keys.names(region);
  for (;;) {
    const page = redis.zrange(key, "0", String(TAKEN_OVER_AT_ONCE - 1), "WITHSCORES");
    const flat = await strangers.orTell(key, page, []);
    const members = flat.filter((_, index) => index % 2 === 0);
    if (members.length === 0) return;
    const composes = members.flatMap((member, index) => {
      const composeId = /^.* (?<composeId>\S+) \S+$/s.exec(member)?.groups?.["composeId"];
      return composeId === undefined ? [] : [flat[2 * index + 1] ?? "0", composeId];
    });
    const target = keys.composes(region);
    if (composes.length > 0) await strangers.orTell(target, redis.zadd(target, "GT", ...composes), 0);
    await redis.zrem(key, ...members);
  }
}

/** The instant whose digits a score is. */
function instantOf(score: string): Instant {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(score) ?? [];
  return parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) ?? 0;
}

function newestFirst(one: Entry, other: Entry): number {
  if (one.uploadedAt !== other.uploadedAt) return other.uploadedAt - one.uploadedAt;
  if (one.named.region !== other.named.region) return one.named.region.localeCompare(other.named.region);
  return one.named.amiId < other.named.amiId ? -1 : 1;
}
