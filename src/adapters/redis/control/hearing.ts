import { runOf, timeOf } from "../client/cluster.ts";
import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { hearingLease, readingOf } from "./readings.ts";
import { ControlLease } from "../lease.ts";
import { onceATurn } from "../once-a-turn.ts";
import { translateErrors } from "../../translate.ts";
import { formatInstant, MINUTE_MS, parseInstant, SECOND_MS, type Instant } from "../../../domain/time.ts";
import type { Hearing, Log } from "../../../ports/index.ts";

/** Clocks are set right by less than this, which is no sign of anything. */
const STEP_MS = MINUTE_MS;
/** How far Redis' clock moves on before that is written down. */
const NOTED_EVERY_MS = 10 * SECOND_MS;

/** Another process takes over so long after the one that heard has died. */
const LEASE_MS = MINUTE_MS / 2;
const RENEW_MS = 5 * SECOND_MS;

/**
 * One hash: how far everything was heard, in which run of Redis that was, and how far its clock had come; one for each reading
 * that was begun; and the lease of whoever reads.
 */
export function redisHearing(
  connection: Pick<RedisConnection, "redis" | "keys" | "strangers">,
  log: Pick<Log, "warn">,
): Hearing {
  const { redis, keys, strangers } = connection;
  const key = keys.control("ears");
  const instant = async (field: string): Promise<Instant | null> =>
    parseInstant((await strangers.orTell(key, redis.hget(key, field), null)) ?? "");
  // What this process has seen: a memory that was set back with its own marks is known by it alone. Another one that looked a
  // moment before, and wrote a moment after, sets nothing back.
  let [latest, noted] = [-Infinity, -Infinity];
  // Since when it is deaf, where that cannot be written down.
  let unwritten: Instant | null = null;
  const clocks = async () => {
    // As it was known when it was asked: what is written meanwhile by another task of ours is no sign either.
    const known = { latest, noted };
    const [reached, now] = await Promise.all([instant("clock_at"), timeOf(redis, keys)]);
    const isBehind = (reached ?? -Infinity) < known.noted - NOTED_EVERY_MS;
    return { reached, now, isSetBack: isBehind || now < Math.max(reached ?? -Infinity, known.latest) - STEP_MS };
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
    reading: (name) => readingOf(connection, name),
    lease: async () => {
      const lease = await ControlLease.take(redis, keys.control("ears:lease"), LEASE_MS);
      if (lease === null) return null;
      lease.keepAlive(RENEW_MS, log);
      return translateErrors(hearingLease(connection, lease), asUpstream);
    },
    runId: onceATurn(async () => {
      const [id, { isSetBack }] = await Promise.all([runOf(redis, keys), clocks()]);
      return isSetBack ? null : id;
    }),
    watchClock: async () => {
      const { reached, now, isSetBack } = await clocks();
      const isNews = isSetBack || reached === null || now >= reached + NOTED_EVERY_MS;
      if (isSetBack) await forgetReadings(connection);
      const noting = { clock_at: formatInstant(now), ...(isSetBack && { run_id: "" }) };
      const written = isNews ? await strangers.orTell(key, redis.hset(key, noting), null) : 0;
      // What could not be written down cannot have been lost.
      [latest, noted] = [now, written === null ? -Infinity : isNews ? now : reached];
    },
    deafSince: async () => (await instant("deaf_since")) ?? unwritten,
    noteDeaf: async (since) => {
      const done = since === null ? redis.hdel(key, "deaf_since") : redis.hset(key, "deaf_since", formatInstant(since));
      unwritten = (await strangers.orTell(key, done, null)) === null ? since : null;
    },
  };
  return translateErrors(hearing, asUpstream);
}

async function forgetReadings({
  redis,
  keys,
  strangers,
}: Pick<RedisConnection, "redis" | "keys" | "strangers">): Promise<void> {
  for (const begun of [keys.control("ears:first"), keys.control("ears:new"), keys.control("ears:whole")])
    await strangers.orTell(begun, redis.hdel(begun, "run_id"), 0);
}
