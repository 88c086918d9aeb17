import type { RedisConnection } from "../connection.ts";
import { readRegions } from "../images/regions.ts";
import { isEntryId } from "../../../domain/image/event.ts";
import type { Instant } from "../../../domain/time.ts";

/**
 * When the oldest event was written, by Redis' clock, that lies behind the cursors of one kind of reporter; null: none does. One
 * command a region. A cursor or stream that cannot be read is passed over: whoever reports tells it.
 */
export async function readUntoldSince(connection: RedisConnection, kind: string): Promise<Instant | null> {
  const { redis, keys, strangers } = connection;
  const key = keys.control(`reporter:${kind}:cursors`);
  const [regions, cursors]: [readonly string[], Record<string, string>] = await Promise.all([
    readRegions(connection),
    strangers.orTell(key, redis.hgetall(key), {}),
  ]);
  const firsts = await Promise.all(
    regions.map(async (region) => {
      const cursor = cursors[region] ?? "0-0";
      if (!isEntryId(cursor)) return null;
      const events = keys.events(region);
      const [entry] = await strangers.orTell(events, redis.xrange(events, `(${cursor}`, "+", "COUNT", 1), []);
      return entry === undefined ? null : Number(entry[0].split("-")[0]);
    }),
  );
  const times = firsts.filter((at) => at !== null);
  return times.length === 0 ? null : Math.min(...times);
}
