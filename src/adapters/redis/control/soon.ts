import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import { toScore } from "../../../domain/time.ts";
import type { SoonTold } from "../../../ports/index.ts";

const NOTHING: readonly (string | null)[] = [];

/** One sorted set of a kind of report: `REGION AMI` to the time of which it was told. What is no such set counts as empty. */
export function redisSoonTold({ redis, keys, strangers }: RedisConnection, kind: string): SoonTold {
  const key = keys.control(`reporter:${kind}:soon`);
  const told: SoonTold = {
    areTold: async (region, amiIds) => {
      if (amiIds.length === 0) return [];
      const members = amiIds.map((amiId) => `${region} ${amiId}`);
      const scores = await strangers.orTell(key, redis.zmscore(key, ...members), NOTHING);
      return amiIds.map((_, index) => (scores[index] ?? null) !== null);
    },
    add: async (region, amiId, privateAt) => {
      await strangers.orTell(key, redis.zadd(key, toScore(privateAt), `${region} ${amiId}`), 0);
    },
    forget: async (before) => {
      await strangers.orTell(key, redis.zremrangebyscore(key, "-inf", `(${toScore(before)}`), 0);
    },
  };
  return translateErrors(told, asUpstream);
}
