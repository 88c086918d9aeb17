import type { Test } from "tap";
import { openRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisBudgets } from "../../../src/adapters/redis/control/budgets.ts";
import type { ActKind, BudgetLimits } from "../../../src/domain/limits/budget.ts";
import { DAY_MS, dayOf } from "../../../src/domain/time.ts";
import type { Budgets } from "../../../src/ports/index.ts";
import { silentLog } from "../run/log.ts";
import { openTestRedis, serverUrl } from "../servers/redis/redis.ts";
import { START } from "../world/world.ts";

export const LIMITS: BudgetLimits = { maxDeletesPerDay: 5, maxPrivatePerDay: 8, maxShareOfRegion: 0.2 };
export const GENEROUS: BudgetLimits = { ...LIMITS, maxDeletesPerDay: 1000, maxPrivatePerDay: 1000 };
export const REGION = "us-east-1";
/** Too few images for the region to have a share. */
export const FEW = 10;
export const TOMORROW = START + DAY_MS;
export const DAY = dayOf(START);

/** Budgets with keys of their own, and the names of these keys. */
export async function open(t: Test, limits = LIMITS) {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  return {
    connection,
    redis,
    budgets: redisBudgets(connection, limits),
    stopsKey: keys.control("stopped"),
    pausedKey: keys.control("paused"),
    imagesKey: (kind: ActKind) => keys.control(`budget:${kind}:${DAY}`),
    countsKey: (kind: ActKind) => keys.control(`budget:${kind}:${DAY}:counts`),
    daysKey: (kind: ActKind) => keys.control(`budget:${kind}:days`),
  };
}

/** What another replica has: a connection of its own to the same keys. */
export function openSecond({ keys }: RedisConnection): Promise<RedisConnection> {
  return openRedis(serverUrl("TEST_REDIS_URL"), keys.format.replace(/:format$/, ""), silentLog);
}

export function image(number: number, region = REGION) {
  return { region, amiId: `ami-${String(number).padStart(17, "0")}` };
}

/** Reserves images one after the other; resolves to how many may go on. */
export async function reserveAll(
  budgets: Budgets,
  numbers: readonly number[],
  live = FEW,
  now = START,
  region = REGION,
) {
  let granted = 0;
  for (const number of numbers)
    if ((await budgets.reserve("delete", image(number, region), live, now)) === null) granted += 1;
  return granted;
}

export function numbers(count: number, first = 1): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/** Fourteen days with ten deletes each. */
export function usualDays(): Record<string, number> {
  return Object.fromEntries(numbers(14).map((days) => [dayOf(START - days * DAY_MS), 10]));
}
