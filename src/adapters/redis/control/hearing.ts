import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import { formatInstant, parseInstant } from "../../../domain/time.ts";
import type { Hearing } from "../../../ports/index.ts";

/** One hash: how far everything was heard, and in which run of Redis that was. */
export function redisHearing({ redis, keys, strangers }: RedisConnection): Hearing {
  const key = keys.control("ears");
  const hearing: Hearing = {
    memory: async () => {
      const hash: Readonly<Record<string, string>> = await strangers.orTell(key, redis.hgetall(key), {});
      return {
        heardUntil: parseInstant(hash["heard_until"] ?? ""),
        runId: hash["run_id"] ?? null,
        wholeAt: parseInstant(hash["whole_at"] ?? ""),
      };
    },
    remember: async ({ heardUntil, runId, wholeAt }) => {
      await redis.hset(key, {
        heard_until: heardUntil === null ? "" : formatInstant(heardUntil),
        run_id: runId ?? "",
        whole_at: wholeAt === null ? "" : formatInstant(wholeAt),
      });
    },
    runId: async () => /^run_id:(?<id>\S+)/m.exec(await redis.info("server"))?.groups?.["id"] ?? "",
  };
  return translateErrors(hearing, asUpstream);
}
