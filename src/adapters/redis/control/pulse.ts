import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import { DAY_MS, formatInstant, parseInstant, SECOND_MS, toScore, type Instant } from "../../../domain/time.ts";
import { MARKS, type Hung, type Pulse } from "../../../ports/index.ts";

/** What hangs in a replica is told by each of its beats, and forgotten with it. */
const HUNG_S = 60;
/** A replica beats every few seconds. Its clock may be a minute off, before it acts no more. */
const LIVING_MS = 90 * SECOND_MS;

/** One hash of instants, the replicas by when they were seen last, and what hangs in each. */
export function redisPulse({ redis, keys }: RedisConnection): Pulse {
  const [status, replicas] = [keys.control("status"), keys.control("replicas")];
  const hungIn = (replica: string): string => keys.control(`hung:${replica}`);
  const pulse: Pulse = {
    beat: async (replica, at, marks, hung = []) => {
      const fields = MARKS.flatMap((mark) => {
        const when = marks[mark];
        return when === undefined ? [] : [`last_${mark}`, formatInstant(when)];
      });
      const [count] = await Promise.all([
        redis.zadd(replicas, toScore(at), replica).then(() => pulse.living(at)),
        ...(fields.length === 0 ? [] : [redis.hset(status, ...(fields as [string, string]))]),
        redis.zremrangebyscore(replicas, "-inf", toScore(at - DAY_MS)),
        hung.length === 0 ? redis.del(hungIn(replica)) : redis.set(hungIn(replica), writeHung(hung), "EX", HUNG_S),
      ]);
      return count;
    },
    living: (at: Instant) => redis.zcount(replicas, toScore(at - LIVING_MS), "+inf"),
    leave: async (replica) => {
      await Promise.all([redis.zrem(replicas, replica), redis.del(hungIn(replica))]);
    },
    signs: async () => {
      const [hash, seen] = await Promise.all([redis.hgetall(status), redis.zrevrange(replicas, 0, -1, "WITHSCORES")]);
      const marks = MARKS.map((mark) => [mark, parseInstant(hash[`last_${mark}`] ?? "")] as const);
      const ids = seen.filter((_, index) => index % 2 === 0);
      const hung = ids.length === 0 ? [] : await redis.mget(ids.map(hungIn));
      return {
        hung: ids.flatMap((replica, index) => readHung(hung[index] ?? null).map((each) => ({ replica, ...each }))),
        marks: Object.fromEntries(marks.filter(([, at]) => at !== null)),
        replicas: seen.flatMap((id, index) =>
          index % 2 === 1 ? [] : [{ id, seenAt: Number(seen[index + 1]) * SECOND_MS }],
        ),
      };
    },
  };
  return translateErrors(pulse, asUpstream);
}

function writeHung(hung: readonly Hung[]): string {
  return JSON.stringify(hung.map(({ pass, since }) => ({ pass, since: formatInstant(since) })));
}

/** What somebody else wrote there hangs nothing. */
function readHung(text: string | null): readonly Hung[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(value)) return [];
    return value.flatMap((each: unknown) => {
      const { pass, since } = (each ?? {}) as Partial<Record<keyof Hung, unknown>>;
      const at = typeof since === "string" ? parseInstant(since) : null;
      return typeof pass === "string" && at !== null ? [{ pass, since: at }] : [];
    });
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
