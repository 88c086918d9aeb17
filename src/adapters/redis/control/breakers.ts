import { asUpstream, type RedisConnection } from "../connection.ts";
import { translateErrors } from "../../translate.ts";
import type { Breaker } from "../../../domain/limits/breaker.ts";
import { formatInstant, parseInstant } from "../../../domain/time.ts";
import { UpstreamError } from "../../../errors.ts";
import type { Breakers } from "../../../ports/index.ts";

/** One hash: region, or `every-region`, to JSON. Deleting a field, or the key, makes the region be asked at once. */
export function redisBreakers({ redis, keys }: RedisConnection): Breakers {
  const key = keys.control("breakers");
  const breakers: Breakers = {
    get: async (region) => {
      const text = await redis.hget(key, region);
      return text === null ? null : readBreaker(text);
    },
    all: async () => {
      const entries = Object.entries(await redis.hgetall(key)).sort(([one], [other]) => (one < other ? -1 : 1));
      return new Map(entries.map(([region, text]) => [region, readBreaker(text)]));
    },
    set: async (region, breaker) => {
      await redis.hset(key, region, writeBreaker(breaker));
    },
    remove: async (region) => {
      await redis.hdel(key, region);
    },
  };
  return translateErrors(breakers, (error) => {
    const isForeign = error instanceof Error && error.message.startsWith("WRONGTYPE");
    if (!isForeign) return asUpstream(error);
    const message = `redis: ${key} holds what clean-amis did not write: look at it, and delete it`;
    return new UpstreamError("redis", "unreadable", message, { cause: error });
  });
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
