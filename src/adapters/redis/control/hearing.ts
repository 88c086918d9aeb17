import type { Redis } from "ioredis";
import { isForbidden, type RedisConnection } from "../connection.ts";
import type { Keys } from "../keys.ts";
import { asUpstream } from "../strange.ts";
import { markedRun } from "./run-marker.ts";
import { translateErrors } from "../../translate.ts";
import { formatInstant, MINUTE_MS, parseInstant, SECOND_MS, type Instant } from "../../../domain/time.ts";
import type { Hearing } from "../../../ports/index.ts";

/** Clocks are set right by less than this, which is no sign of anything. */
const STEP_MS = MINUTE_MS;
/** How far Redis' clock moves on before that is written down. */
const NOTED_EVERY_MS = 10 * SECOND_MS;

/** One hash: how far everything was heard, in which run of Redis that was, and how far its clock had come. */
export function redisHearing({
  redis,
  keys,
  strangers,
}: Pick<RedisConnection, "redis" | "keys" | "strangers">): Hearing {
  const key = keys.control("ears");
  const clockNow = async (): Promise<Instant> => {
    const [seconds, microseconds] = await redis.time();
    return Number(seconds) * SECOND_MS + Math.floor(Number(microseconds) / 1000);
  };
  const instant = async (field: string): Promise<Instant | null> =>
    parseInstant((await strangers.orTell(key, redis.hget(key, field), null)) ?? "");
  // What this process has seen: a memory that was set back with its own marks is known by it alone.
  let [latest, noted] = [-Infinity, -Infinity];
  const isSetBack = ({ reached, now }: { readonly reached: Instant | null; readonly now: Instant }): boolean =>
    (reached ?? -Infinity) < noted || now < Math.max(reached ?? -Infinity, latest) - STEP_MS;
  const clocks = async (): Promise<{ readonly reached: Instant | null; readonly now: Instant }> => {
    const [reached, now] = await Promise.all([instant("clock_at"), clockNow()]);
    return { reached, now };
  };
  const hearing: Hearing = {
    memory: async () => {
      const hash: Readonly<Record<string, string>> = await strangers.orTell(key, redis.hgetall(key), {});
      return {
        heardUntil: parseInstant(hash["heard_until"] ?? ""),
        runId: hash["run_id"] || null,
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
      const [id, seen] = await Promise.all([identityOf(redis, keys), clocks()]);
      return isSetBack(seen) ? null : id;
    },
    watchClock: async () => {
      const { reached, now } = await clocks();
      const isDoubtful = isSetBack({ reached, now });
      const isNews = isDoubtful || reached === null || now >= reached + NOTED_EVERY_MS;
      const noting = { clock_at: formatInstant(now), ...(isDoubtful && { run_id: "" }) };
      if (isNews) await strangers.orTell(key, redis.hset(key, noting), 0);
      [latest, noted] = [now, isNews ? now : reached];
    },
    deafSince: () => instant("deaf_since"),
    noteDeaf: async (since) => {
      const done = since === null ? redis.hdel(key, "deaf_since") : redis.hset(key, "deaf_since", formatInstant(since));
      await strangers.orTell(key, done, 0);
    },
  };
  return translateErrors(hearing, asUpstream);
}

/**
 * A process that was started anew has another run id; a memory that was copied from another Redis, another replication id.
 * Who may not ask for either marks the run.
 */
async function identityOf(redis: Redis, keys: Keys): Promise<string> {
  try {
    const [server, replication] = await Promise.all([redis.info("server"), redis.info("replication")]);
    const run = /^run_id:(?<id>\S+)/m.exec(server)?.groups?.["id"];
    const copy = /^master_replid:(?<id>\S+)/m.exec(replication)?.groups?.["id"];
    return run === undefined ? await markedRun(redis, keys) : `${run} ${copy ?? ""}`.trim();
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return markedRun(redis, keys);
  }
}
