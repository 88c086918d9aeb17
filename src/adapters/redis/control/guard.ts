import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import { formatInstant, parseInstant, type Instant } from "../../../domain/time.ts";
import type { GuardRounds } from "../../../ports/index.ts";

/** One hash: region to instant. Deleting a field has the region's released images looked at once more. */
export function redisGuardRounds({ redis, keys, strangers }: RedisConnection): GuardRounds {
  const key = keys.control("guard");
  const rounds: GuardRounds = {
    all: async () => {
      const entries = Object.entries(await strangers.orTell(key, redis.hgetall(key), {}));
      return new Map(
        entries.flatMap(([region, text]): [string, Instant][] => {
          const at = parseInstant(text);
          return at === null ? [] : [[region, at]];
        }),
      );
    },
    note: async (region, at) => {
      await strangers.orTell(key, redis.hset(key, region, formatInstant(at)), 0);
    },
  };
  return translateErrors(rounds, asUpstream);
}
