import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import { formatInstant, parseInstant } from "../../../domain/time.ts";
import type { Positions } from "../../../ports/messages.ts";

/** One hash a backfill that was begun and not ended. */
export function redisPositions({ redis, keys }: RedisConnection): Positions {
  const keyOf = (name: string): string => keys.control(`backfill:${name}`);
  const positions: Positions = {
    read: async (name) => {
      const hash = await redis.hgetall(keyOf(name));
      const [start, end] = [parseInstant(hash["start"] ?? ""), parseInstant(hash["end"] ?? "")];
      return start === null || end === null ? null : { start, end, next: Number(hash["next"] ?? 0) };
    },
    write: async (name, { start, end, next }) => {
      await redis.hset(keyOf(name), { start: formatInstant(start), end: formatInstant(end), next });
    },
    forget: async (name) => {
      await redis.del(keyOf(name));
    },
  };
  return translateErrors(positions, asUpstream);
}
