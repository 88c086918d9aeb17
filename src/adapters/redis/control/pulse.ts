import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import { DAY_MS, formatInstant, parseInstant, SECOND_MS, toScore } from "../../../domain/time.ts";
import { MARKS, type Pulse } from "../../../ports/index.ts";

/** One hash of instants, and the replicas by when they were seen last; both in `{control}`, hence in one slot. */
export function redisPulse({ redis, keys }: RedisConnection): Pulse {
  const [status, replicas] = [keys.control("status"), keys.control("replicas")];
  const pulse: Pulse = {
    beat: async (replica, at, marks) => {
      const fields = MARKS.flatMap((mark) => {
        const when = marks[mark];
        return when === undefined ? [] : [`last_${mark}`, formatInstant(when)];
      });
      await Promise.all([
        ...(fields.length === 0 ? [] : [redis.hset(status, ...(fields as [string, string]))]),
        redis.zadd(replicas, toScore(at), replica),
        redis.zremrangebyscore(replicas, "-inf", toScore(at - DAY_MS)),
      ]);
    },
    leave: async (replica) => {
      await redis.zrem(replicas, replica);
    },
    signs: async () => {
      const [hash, seen] = await Promise.all([redis.hgetall(status), redis.zrevrange(replicas, 0, -1, "WITHSCORES")]);
      const marks = MARKS.map((mark) => [mark, parseInstant(hash[`last_${mark}`] ?? "")] as const);
      return {
        marks: Object.fromEntries(marks.filter(([, at]) => at !== null)),
        replicas: seen.flatMap((id, index) =>
          index % 2 === 1 ? [] : [{ id, seenAt: Number(seen[index + 1]) * SECOND_MS }],
        ),
      };
    },
  };
  return translateErrors(pulse, asUpstream);
}
