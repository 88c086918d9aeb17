import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { redisBreakers } from "../adapters/redis/breakers.ts";
import { redisBudgets } from "../adapters/redis/budgets.ts";
import { openRedis } from "../adapters/redis/connection.ts";
import { redisFacts } from "../adapters/redis/facts.ts";
import { redisJournal } from "../adapters/redis/journal.ts";
import { redisRequests } from "../adapters/redis/requests.ts";
import { redisSchedule } from "../adapters/redis/schedule.ts";
import type { Config } from "../config.ts";
import type { Instant } from "../domain/time.ts";
import type { Breakers, Budgets, Facts, Journal, Requests, Schedule } from "../ports.ts";

/** What is remembered, to be read: needs Redis alone. */
export interface Records {
  readonly schedule: Schedule;
  readonly facts: Facts;
  readonly journal: Journal;
  readonly requests: Requests;
  readonly budgets: Budgets;
  readonly breakers: Breakers;
  readonly now: () => Instant;
  close(): Promise<void>;
}

/** Opens Redis for reading. Throws `UpstreamError` when it cannot be reached, `ConfigError` for a newer key format. */
export async function openRecords(config: Config): Promise<Records> {
  const log = openLog("error");
  const connection = await openRedis(config.redis.url, config.redis.prefix, log);
  return {
    schedule: redisSchedule(connection, systemClock, config.periods),
    facts: redisFacts(connection),
    journal: redisJournal(connection, config.report.kind, log),
    requests: redisRequests(connection),
    budgets: redisBudgets(connection, config.budgets),
    breakers: redisBreakers(connection),
    now: () => systemClock.now(),
    close: () => connection.close(),
  };
}
