import type { RedisConnection } from "../connection.ts";
import { readRegions } from "./regions.ts";
import { loadScript } from "../script.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import { parseInstant, type Instant } from "../../../domain/time.ts";
import type { Named, Names } from "../../../ports/index.ts";

const look = loadScript("search");

/** So many names are looked at in one script: some milliseconds, in which Redis does nothing else. */
const STRETCH = 2000;
/** So many scripts a search takes at the most, if there are no more regions: a quarter of a second of Redis. */
const MOST_LOOKS = 60;
const SWEPT_AT_ONCE = 200;

interface Entry extends Named {
  readonly member: string;
  readonly score: number;
}

/** Names in a sorted set a region: `IMAGE-NAME COMPOSE AMI`, by the digits of the upload's second; see enroll.lua. */
export function redisNames(connection: RedisConnection): Names {
  const { redis, keys, strangers } = connection;
  /** The newest of a region; one more than asked for where there are. `since`: older ones were not looked at. */
  const searchIn = async (region: string, part: string, most: number, looks: number) => {
    const found: Entry[] = [];
    let since: Instant | null = null;
    for (let at = 0; at < looks && found.length <= most; at += 1) {
      const args = [part, at * STRETCH, STRETCH, most + 1 - found.length];
      const answer = await strangers.orTell(keys.names(region), look(redis, [keys.names(region)], args), [0, "0"]);
      const [there, score, ...flat] = answer as [number, string, ...string[]];
      for (let index = 0; index + 1 < flat.length; index += 2)
        found.push(...entryOf(region, flat[index] ?? "", Number(flat[index + 1])));
      if (there < STRETCH) return { found, since: null };
      since = instantOf(score);
    }
    return { found, since };
  };
  const names: Names = {
    search: async (part, most) => {
      const regions = await readRegions(connection);
      const looks = Math.max(1, Math.floor(MOST_LOOKS / Math.max(1, regions.length)));
      const text = part.toLowerCase();
      const ofRegions: Awaited<ReturnType<typeof searchIn>>[] = [];
      // One script after the other: nobody else who asks Redis waits for more than one.
      for (const region of regions) ofRegions.push(await searchIn(region, text, most, looks));
      const all = ofRegions.flatMap(({ found }) => found).sort(newestFirst);
      const first = all.slice(0, most);
      const stand = new Set(
        (
          await Promise.all(
            regions.map((region) =>
              standing(
                connection,
                region,
                first.filter((each) => each.region === region),
              ),
            ),
          )
        ).flat(),
      );
      const images = first.filter((each) => stand.has(each)).map(bare);
      const ends = ofRegions.flatMap(({ since }) => since ?? []);
      return { images, isMore: all.length > most, since: ends.length === 0 ? null : Math.max(...ends) };
    },
    sweep: async (region, from) => {
      const key = keys.names(region);
      const there = redis.zrange(key, String(from), String(from + SWEPT_AT_ONCE - 1));
      const members = await strangers.orTell(key, there, []);
      const entries = members.flatMap((member) => entryOf(region, member, 0));
      const stand = new Set((await standing(connection, region, entries)).map(({ member }) => member));
      const left = members.filter((member) => !stand.has(member));
      if (left.length > 0) await redis.zrem(key, ...left);
      return members.length < SWEPT_AT_ONCE ? 0 : from + members.length - left.length;
    },
  };
  return translateErrors(names, asUpstream);
}

/** Of entries of one region those whose records have these names. */
async function standing(
  { redis, keys }: Pick<RedisConnection, "redis" | "keys">,
  region: string,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const asked = entries.map(({ amiId }) => ["hmget", keys.image(region, amiId), "image_name", "compose_id"]);
  const answers = (await redis.pipeline(asked).exec()) ?? [];
  return entries.filter(({ imageName, composeId }, index) => {
    const [error, answer] = answers[index] ?? [null, null];
    if (error !== null) {
      // A record that is not ours to read is told by others.
      if (error.message.startsWith("WRONGTYPE")) return true;
      throw error;
    }
    const [name, compose] = answer as (string | null)[];
    return compose === composeId && (name ?? "") === imageName;
  });
}

/** None for what somebody else has put there. An image's name may have spaces; the other two have none. */
function entryOf(region: string, member: string, score: number): readonly Entry[] {
  const { imageName, composeId, amiId } =
    /^(?<imageName>.*) (?<composeId>\S+) (?<amiId>\S+)$/s.exec(member)?.groups ?? {};
  if (imageName === undefined || composeId === undefined || amiId === undefined) return [];
  return [{ region, member, score, imageName, composeId, amiId }];
}

/** The instant whose digits a score is. */
function instantOf(score: string): Instant {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(score) ?? [];
  return parseInstant(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) ?? 0;
}

function newestFirst(one: Entry, other: Entry): number {
  if (one.score !== other.score) return other.score - one.score;
  return one.member === other.member ? one.region.localeCompare(other.region) : one.member < other.member ? -1 : 1;
}

function bare({ region, amiId, imageName, composeId }: Entry): Named {
  return { region, amiId, imageName, composeId };
}
