import type { Redis } from "ioredis";
import type { RedisConnection } from "../connection.ts";
import { Keeper } from "../keeping.ts";
import { asUpstream, foreignKeyOf } from "../strange.ts";
import type { Keys } from "../keys.ts";
import { loadScript } from "../script.ts";
import { translateErrors } from "../../translate.ts";
import type { Image } from "../../../domain/image/image.ts";
import {
  ACT_KINDS,
  dayBound,
  regionBound,
  unusualReason,
  type ActKind,
  type BudgetLimits,
  type Pause,
  type Stop,
} from "../../../domain/limits/budget.ts";
import { DAY_MS, dayOf, formatInstant, parseInstant, SECOND_MS, type Instant } from "../../../domain/time.ts";
import { UpstreamError } from "../../../errors.ts";
import type { Budgets, DueAnew, Kept } from "../../../ports/index.ts";

const reserve = loadScript("control/reserve");
const resume = loadScript("control/resume");

/** Who has reserved is remembered a while for people. */
const LIFE_S = (40 * DAY_MS) / SECOND_MS;
/** What is usual needs two weeks; this many days with acts are remembered. */
const MOST_DAYS = 60;

/** The budgets in `{control}`: one slot, so that a reservation is one step over all regions. */
export function redisBudgets(connection: RedisConnection, limits: BudgetLimits): Budgets {
  return translateErrors<Budgets>(new RedisBudgets(connection, limits), asUpstream);
}

class RedisBudgets implements Budgets {
  readonly #keeper: Keeper;
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #limits: BudgetLimits;
  readonly #stops: string;
  readonly #paused: string;

  constructor(connection: RedisConnection, limits: BudgetLimits) {
    const { redis, keys } = connection;
    this.#keeper = new Keeper(connection);
    this.#redis = redis;
    this.#keys = keys;
    this.#limits = limits;
    this.#stops = keys.control("stopped");
    this.#paused = keys.control("paused");
  }

  async reserve(
    kind: ActKind,
    { region, amiId }: Pick<Image, "region" | "amiId">,
    live: number,
    now: Instant,
  ): Promise<Stop | null> {
    const day = dayOf(now);
    const images = this.#keys.control(`budget:${kind}:${day}`);
    // What a day deletes is no longer live; a share that shrank with it would end below fifty images, and not bind at all.
    const [before, isReserved, unusual] = await Promise.all([
      orWrongType(this.#redis.hget(images, `${region} live`), null),
      orWrongType(this.#redis.hexists(images, `${region} ${amiId}`), 0),
      this.#unusualWithOneMore(kind, now),
    ]);
    if (before !== null && !isCount(before)) return this.#stopFor(kind, images, now);
    if (unusual !== null && isReserved === 0) return this.#stop(kind, unusual, now);
    const base = Math.max(live, Number(before ?? 0));
    const ofDay = dayBound(kind, this.#limits, day);
    const ofRegion = regionBound(kind, this.#limits, region, base, day) ?? ofDay;
    const [outcome, text = ""] = (await reserve(
      this.#redis,
      [this.#stops, images, this.#countsOf(kind, now), this.#daysOf(kind)],
      [
        ...[kind, day, region, amiId, formatInstant(now), LIFE_S, base],
        ...[ofDay.most, writeStop(now, ofDay.reason), ofRegion.most, writeStop(now, ofRegion.reason)],
      ],
    )) as [outcome: "reserved" | "stopped" | "unreadable", text?: string];
    switch (outcome) {
      case "reserved":
        return null;
      case "stopped":
        return this.#readStop(kind, text);
      case "unreadable":
        return this.#stopFor(kind, text, now);
    }
  }

  async checkDemand(kind: ActKind, due: number, now: Instant, dueAnew?: DueAnew): Promise<Stop | null> {
    // First the stop: a resume between the two readings is then seen by the second.
    const stop = await this.#stopNow(kind);
    if (stop !== null) return stop;
    const acts = await this.#actsJudged(kind, now);
    if (acts === "looked-at") return null;
    if (acts === null) return this.#stopFor(kind, this.#daysOf(kind), now);
    // Of what was done on most of sixty days, the oldest says no more about fourteen than the others.
    const tooMany = [...acts.keys()].sort().slice(0, -MOST_DAYS);
    if (tooMany.length > 0) await this.#redis.hdel(this.#daysOf(kind), ...tooMany);
    const spent = acts.get(dayOf(now)) ?? 0;
    if (unusualReason(kind, due + spent, acts, now) === null) return null;
    const anew = dueAnew === undefined ? due : await dueAnew(await this.#reservedBy(kind, now));
    const reason = unusualReason(kind, anew + spent, acts, now);
    return reason === null ? null : this.#stop(kind, reason, now);
  }

  /** What was reserved by day, for what is usual; null: it cannot be read. */
  async #actsJudged(kind: ActKind, now: Instant): Promise<ReadonlyMap<string, number> | "looked-at" | null> {
    const [resumed, days] = await Promise.all([
      orWrongType(this.#redis.hget(this.#countsOf(kind, now), "resumed"), null),
      orWrongType(this.#redis.hgetall(this.#daysOf(kind)), null),
    ]);
    // A person has looked at this day already; the fixed budgets hold all the same.
    return resumed === null ? readDays(days) : "looked-at";
  }

  /** Why one act more is more than a day may have, or null: nobody knows beforehand how much of what is due is let through. */
  async #unusualWithOneMore(kind: ActKind, now: Instant): Promise<string | null> {
    const acts = await this.#actsJudged(kind, now);
    if (acts === null) return unreadable(this.#daysOf(kind));
    return acts === "looked-at" ? null : unusualReason(kind, (acts.get(dayOf(now)) ?? 0) + 1, acts, now);
  }

  /** Whether an image has reserved today; of what cannot be read, none has. */
  async #reservedBy(kind: ActKind, now: Instant): Promise<Parameters<DueAnew>[0]> {
    const key = this.#keys.control(`budget:${kind}:${dayOf(now)}`);
    const reserved = new Set(await orWrongType(this.#redis.hkeys(key), []));
    return ({ region, amiId }) => reserved.has(`${region} ${amiId}`);
  }

  async stops(): Promise<readonly Stop[]> {
    const stops = await Promise.all(ACT_KINDS.map((kind) => this.#stopNow(kind)));
    return stops.filter((stop) => stop !== null);
  }

  async spent(kind: ActKind, now: Instant): Promise<number> {
    const acts = await orWrongType(this.#redis.hget(this.#daysOf(kind), dayOf(now)), "");
    if (acts === null) return 0;
    return isCount(acts) ? Number(acts) : dayBound(kind, this.#limits, dayOf(now)).most;
  }

  async resume(kinds: readonly ActKind[], now: Instant): Promise<readonly Stop[]> {
    const lifted: Stop[] = [];
    for (const kind of kinds) {
      const keys = [this.#stops, this.#countsOf(kind, now)];
      const text = await orWrongType(resume(this.#redis, keys, [kind, formatInstant(now), LIFE_S]), 0);
      if (text === 0) throw new UpstreamError("redis", "unreadable", unreadable(this.#stops));
      if (text !== null) lifted.push(this.#readStop(kind, text as string));
    }
    return lifted;
  }

  async pause(by: string, why: string, now: Instant): Promise<Kept> {
    const text = JSON.stringify({ by, why, since: formatInstant(now) });
    // It stands before anything is asked, and once more in a run that is known.
    await this.#redis.set(this.#paused, text);
    const run = await this.#keeper.begin();
    await this.#redis.set(this.#paused, text);
    return this.#keeper.replicated(run);
  }

  async paused(): Promise<Pause | null> {
    const text = await orWrongType(this.#redis.get(this.#paused), unreadable(this.#paused));
    if (text === null) return null;
    const { by, why, since } = readObject(text);
    return { by: by ?? "somebody", why: why ?? text, since: parseInstant(since ?? "") ?? 0 };
  }

  async unpause(): Promise<Pause | null> {
    const pause = await this.paused();
    await this.#redis.del(this.#paused);
    return pause;
  }

  #daysOf(kind: ActKind): string {
    return this.#keys.control(`budget:${kind}:days`);
  }

  #countsOf(kind: ActKind, now: Instant): string {
    return this.#keys.control(`budget:${kind}:${dayOf(now)}:counts`);
  }

  async #stopNow(kind: ActKind): Promise<Stop | null> {
    const text = await orWrongType(this.#redis.hget(this.#stops, kind), "");
    return text === null ? null : this.#readStop(kind, text);
  }

  /** Stops the kind, unless it is stopped already; resolves to the stop in force. */
  async #stop(kind: ActKind, reason: string, now: Instant): Promise<Stop> {
    // A key of another type is a stop of every kind as it stands.
    await orWrongType(this.#redis.hsetnx(this.#stops, kind, writeStop(now, reason)), 0);
    return (await this.#stopNow(kind)) ?? { kind, since: now, reason };
  }

  /** Somebody else wrote into one of our keys: nobody knows any more what is spent, so nothing goes on. */
  #stopFor(kind: ActKind, key: string, now: Instant): Promise<Stop> {
    return this.#stop(kind, unreadable(key), now);
  }

  /** What cannot be read stops as well; a text that somebody wrote by hand is the reason. */
  #readStop(kind: ActKind, text: string): Stop {
    const { since, reason } = readObject(text);
    const why = text === "" ? unreadable(this.#stops) : text;
    return { kind, since: parseInstant(since ?? "") ?? 0, reason: reason ?? why };
  }
}

/** `instead` for a key that is of another type than ours. */
async function orWrongType<T, U>(answer: Promise<T>, instead: U): Promise<T | U> {
  try {
    return await answer;
  } catch (error) {
    if (foreignKeyOf(error) !== null) return instead;
    throw error;
  }
}

function unreadable(key: string): string {
  return `redis: ${key} holds what clean-amis did not write: look at it, delete it, then clean-amis resume`;
}

function isCount(text: string): boolean {
  return /^\d+$/.test(text);
}

/** Acts by UTC day; null when anything else stands there. */
function readDays(hash: Readonly<Record<string, string>> | null): ReadonlyMap<string, number> | null {
  if (hash === null) return null;
  const entries = Object.entries(hash);
  const isOurs = entries.every(([day, acts]) => /^\d{4}-\d{2}-\d{2}$/.test(day) && isCount(acts));
  return isOurs ? new Map(entries.map(([day, acts]) => [day, Number(acts)])) : null;
}

function writeStop(since: Instant, reason: string): string {
  return JSON.stringify({ since: formatInstant(since), reason });
}

/** The texts of a JSON object; nothing of what is none. */
function readObject(text: string): Readonly<Partial<Record<string, string>>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter(([, word]) => typeof word === "string"));
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
