import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import type { Breaker } from "../../../domain/limits/breaker.ts";
import { formatInstant, parseInstant } from "../../../domain/time.ts";
import type { Breakers } from "../../../ports/index.ts";

/**
 * One hash: region, or `every-region`, to JSON. Deleting a field, or the key, makes the region be asked at once; so does somebody
 * else's key in its place, which is told.
 */
export function redisBreakers({ redis, keys, strangers }: RedisConnection): Breakers {
  const key = keys.control("breakers");
  const breakers: Breakers = {
    get: async (region) => {
      const text = await strangers.orTell(key, redis.hget(key, region), null);
      return text === null ? null : readBreaker(text);
    },
    all: async () => {
      const entries = Object.entries(await strangers.orTell(key, redis.hgetall(key), {})).sort(([one], [other]) =>
        one < other ? -1 : 1,
      );
      return new Map(entries.map(([region, text]) => [region, readBreaker(text)]));
    },
    set: async (region, breaker) => {
      await strangers.orTell(key, redis.hset(key, region, writeBreaker(breaker)), 0);
    },
    remove: async (region) => {
      await strangers.orTell(key, redis.hdel(key, region), 0);
    },
  };
  return translateErrors(breakers, asUpstream);
}

function writeBreaker({ trouble, since, askAgainAt, times, code }: Breaker): string {
  const instants = { since: formatInstant(since), ask_again_at: formatInstant(askAgainAt) };
  return JSON.stringify({ trouble, ...instants, times, code });
}

/** What somebody wrote by hand, and we cannot read, is asked at once: the answer puts ours in its place. */
function readBreaker(text: string): Breaker {
  const { trouble, since, ask_again_at: askAgainAt, times, code } = readObject(text);
  return {
    trouble: trouble === "shut" || trouble === "account" ? trouble : "failing",
    since: instantOf(since),
    askAgainAt: instantOf(askAgainAt),
    times: typeof times === "number" && times >= 1 ? times : 1,
    code: typeof code === "string" ? code : "unreadable",
  };
}

function instantOf(value: unknown): number {
  return (typeof value === "string" ? parseInstant(value) : null) ?? 0;
}

function readObject(text: string): Readonly<Partial<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
