import { asUpstream, isForbidden, type RedisConnection } from "../connection.ts";
import { markedRun } from "./run-marker.ts";
import { translateErrors } from "../../translate.ts";
import { formatInstant, parseInstant } from "../../../domain/time.ts";
import type { Hearing } from "../../../ports/index.ts";

/** One hash: how far everything was heard, and in which run of Redis that was. */
export function redisHearing({ redis, keys }: RedisConnection): Hearing {
  const key = keys.control("ears");
  const hearing: Hearing = {
    memory: async () => {
      const hash = await redis.hgetall(key);
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
    runId: async () => {
      try {
        const id = /^run_id:(?<id>\S+)/m.exec(await redis.info("server"))?.groups?.["id"];
        return id ?? (await markedRun(redis, keys));
      } catch (error) {
        if (!isForbidden(error)) throw error;
        return markedRun(redis, keys);
      }
    },
  };
  return translateErrors(hearing, asUpstream);
}
