import { systemClock } from "../../../adapters/clock.ts";
import { openRedis } from "../../../adapters/redis/connection.ts";
import { redisSchedule } from "../../../adapters/redis/images/schedule.ts";
import { DAY_MS, MINUTE_MS } from "../../../domain/time.ts";
import type { Log, Schedule } from "../../../ports/index.ts";

/** The periods as they are shipped, and a lease of a minute. */
export const PERIODS = {
  privateAfterMs: 5 * DAY_MS,
  deleteAfterMs: 10 * DAY_MS,
  afterHoldMs: 3 * DAY_MS,
  unresolvedForMs: 14 * DAY_MS,
  leaseMs: MINUTE_MS,
};

const nothing = (): void => undefined;
const SILENT: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** A schedule over a connection of its own. */
export async function openSchedule(
  redisUrl: string,
  prefix: string,
): Promise<{ readonly schedule: Schedule; readonly close: () => Promise<void> }> {
  const connection = await openRedis(redisUrl, prefix, SILENT);
  return { schedule: redisSchedule(connection, systemClock, PERIODS), close: () => connection.close() };
}
