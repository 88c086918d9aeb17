import {
  dayLimit,
  dayReason,
  regionLimit,
  regionReason,
  unusualReason,
  USUAL_DAYS,
  type ActKind,
  type BudgetLimits,
  type Pause,
  type Stop,
} from "../../domain/budget.ts";
import { DAY_MS, dayOf, formatInstant, parseInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import type { Budgets } from "../../ports.ts";
import { translateErrors } from "../translate.ts";
import { asUpstream, type RedisConnection } from "./connection.ts";
import { loadScript } from "./script.ts";

const reserve = loadScript("reserve");

/** Who has reserved is remembered a while for people; what is usual needs two weeks. */
const LIFE_S = (40 * DAY_MS) / SECOND_MS;

/** The budgets in `{control}`: one slot, so that a reservation is one step over all regions. */
export function redisBudgets(connection: RedisConnection, limits: BudgetLimits): Budgets {
  const { redis, keys } = connection;
  const stopped = keys.control("stopped");
  const daysOf = (kind: ActKind): string => keys.control(`budget:${kind}:days`);
  const countsOf = (kind: ActKind, now: Instant): string => keys.control(`budget:${kind}:${dayOf(now)}:counts`);
  const setOf = (kind: ActKind, now: Instant): string => keys.control(`budget:${kind}:${dayOf(now)}`);
  const stopNow = async (kind: ActKind): Promise<Stop | null> => {
    const text = await redis.hget(stopped, kind);
    return text === null ? null : readStop(kind, text);
  };
  const budgets: Budgets = {
    reserve: async (kind, { region, amiId }, live, now) => {
      const answer = (await reserve(
        redis,
        [setOf(kind, now), countsOf(kind, now), stopped, daysOf(kind)],
        [
          ...[kind, `${region} ${amiId}`, region, dayLimit(kind, limits), regionLimit(live, limits)],
          ...[writeStop(now, dayReason(kind, limits)), writeStop(now, regionReason(kind, region, live, limits))],
          ...[dayOf(now), LIFE_S],
        ],
      )) as string;
      return answer === "" ? null : readStop(kind, answer);
    },
    checkDemand: async (kind, due, now) => {
      const stop = await stopNow(kind);
      const resumed = await redis.hget(countsOf(kind, now), "resumed");
      if (stop !== null || resumed !== null) return stop;
      const [days, today] = await Promise.all([redis.hgetall(daysOf(kind)), redis.hget(countsOf(kind, now), "all")]);
      const reason = unusualReason(kind, due + Number(today ?? 0), pastDays(days, now));
      if (reason === null) return null;
      await redis.hsetnx(stopped, kind, writeStop(now, reason));
      return stopNow(kind);
    },
    stops: async () => {
      const stops = await Promise.all([stopNow("private"), stopNow("delete")]);
      return stops.filter((stop) => stop !== null);
    },
    spent: async (kind, now) => redis.scard(setOf(kind, now)),
    resume: async (kinds, now) => {
      const lifted: Stop[] = [];
      for (const kind of kinds) {
        const stop = await stopNow(kind);
        if (stop === null) continue;
        const counts = countsOf(kind, now);
        // The day's counts begin again; an image that has reserved today stays reserved.
        await redis
          .multi()
          .del(counts)
          .hset(counts, "resumed", formatInstant(now))
          .expire(counts, LIFE_S)
          .hdel(stopped, kind)
          .exec();
        lifted.push(stop);
      }
      return lifted;
    },
    ...pauseOf(connection),
  };
  return translateErrors(budgets, asUpstream);
}

function pauseOf({ redis, keys }: RedisConnection): Pick<Budgets, "pause" | "paused" | "unpause"> {
  const key = keys.control("paused");
  const paused = async (): Promise<Pause | null> => readPause(await redis.get(key));
  return {
    pause: async (by, why, now) => {
      await redis.set(key, JSON.stringify({ by, why, since: formatInstant(now) }));
    },
    paused,
    unpause: async () => {
      const pause = await paused();
      await redis.del(key);
      return pause;
    },
  };
}

function writeStop(since: Instant, reason: string): string {
  return JSON.stringify({ since: formatInstant(since), reason });
}

/** A text that somebody wrote by hand stops as well. */
function readStop(kind: ActKind, text: string): Stop {
  const { since, reason } = readObject(text);
  return { kind, since: parseInstant(since ?? "") ?? 0, reason: reason ?? text };
}

function readPause(text: string | null): Pause | null {
  if (text === null) return null;
  const { by, why, since } = readObject(text);
  return { by: by ?? "somebody", why: why ?? text, since: parseInstant(since ?? "") ?? 0 };
}

function readObject(text: string): Readonly<Record<string, string | undefined>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, string>>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** One count for each of the fourteen days before today; fewer when the record is younger than that. */
function pastDays(days: Readonly<Record<string, string>>, now: Instant): number[] {
  const first = Object.keys(days).sort()[0];
  const before = Array.from({ length: USUAL_DAYS }, (_, index) => dayOf(now - (index + 1) * DAY_MS));
  return before.filter((day) => first !== undefined && day >= first).map((day) => Number(days[day] ?? 0));
}
