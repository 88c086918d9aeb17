import type { Redis } from "ioredis";
import { walkKeys, type KeyPage } from "../client/cluster.ts";
import type { RedisConnection } from "../connection.ts";
import { isRegion } from "../../../domain/image/image.ts";
import { MINUTE_MS } from "../../../domain/time.ts";

const SCAN_COUNT = 1000;
/** Keys of a whole Redis, others' among them, are not looked through for regions more often. */
const SCAN_EVERY_MS = 10 * MINUTE_MS;

/** What was found by keys last, and when, by the process' own monotonic clock. */
const scans = new WeakMap<Redis, { readonly at: number; readonly regions: readonly string[] }>();

/**
 * The regions that ever had an image, in order. Where the key that lists them is lost, or is not ours, the keys of the regions'
 * images tell them: else all would stand still, and nobody would know.
 */
export async function readRegions({ redis, keys, strangers }: RedisConnection): Promise<readonly string[]> {
  const known = await strangers.orTell(keys.regions, redis.smembers(keys.regions), []);
  const names = known.filter(isRegion);
  for (const name of known)
    if (!isRegion(name))
      strangers.tell(`${keys.regions} ${name}`, `redis: ${keys.regions} has a member that is no region`);
  return (names.length > 0 ? names : await regionsByKeys({ redis, keys })).toSorted();
}

async function regionsByKeys({ redis, keys }: Pick<RedisConnection, "redis" | "keys">): Promise<readonly string[]> {
  const last = scans.get(redis);
  if (last !== undefined && performance.now() - last.at < SCAN_EVERY_MS) return last.regions;
  const [head = "", tail = ""] = keys.images("*").split("*");
  const found = new Set<string>();
  for (let from: string | null = null, isFirst = true; isFirst || from !== null; isFirst = false) {
    const page: KeyPage = await walkKeys(redis, from, keys.images("*"), SCAN_COUNT);
    for (const key of page.found) found.add(key.slice(head.length, key.length - tail.length));
    from = page.next;
  }
  const regions = [...found].filter(isRegion);
  scans.set(redis, { at: performance.now(), regions });
  return regions;
}
