import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { asReadError, openRedis } from "../adapters/redis/connection.ts";
import { redisBreakers } from "../adapters/redis/control/breakers.ts";
import { redisBudgets } from "../adapters/redis/control/budgets.ts";
import { redisEars } from "../adapters/redis/control/ears.ts";
import { redisPulse } from "../adapters/redis/control/pulse.ts";
import { redisFacts } from "../adapters/redis/facts.ts";
import { redisJournal } from "../adapters/redis/journal.ts";
import { redisRequests } from "../adapters/redis/orders.ts";
import { redisQueues } from "../adapters/redis/queues.ts";
import { redisRejected } from "../adapters/redis/rejected.ts";
import { redisSchedule } from "../adapters/redis/schedule.ts";
import { translateErrors } from "../adapters/translate.ts";
import type { Config } from "../config/config.ts";
import type { Instant } from "../domain/time.ts";
import type {
  Breakers,
  Budgets,
  Ears,
  Facts,
  Journal,
  Pulse,
  Queues,
  RejectedMessages,
  Requests,
  Schedule,
} from "../ports/index.ts";

/** What is remembered, to be read: needs Redis alone. */
export interface Records {
  readonly schedule: Schedule;
  readonly queues: Queues;
  readonly facts: Facts;
  readonly journal: Journal;
  readonly requests: Requests;
  readonly budgets: Budgets;
  readonly breakers: Breakers;
  readonly ears: Ears;
  readonly pulse: Pulse;
  readonly rejected: RejectedMessages;
  readonly now: () => Instant;
  close(): Promise<void>;
}

/** Opens Redis for reading. Throws `UpstreamError` when it cannot be reached, `ConfigError` for a newer key format. */
export async function openRecords(config: Config): Promise<Records> {
  const log = openLog("error");
  const connection = await openRedis(config.redis.url, config.redis.prefix, log);
  const readable = <T extends object>(port: T): T => translateErrors(port, asReadError);
  return {
    schedule: readable(redisSchedule(connection, systemClock, config.periods)),
    queues: readable(redisQueues(connection)),
    facts: readable(redisFacts(connection)),
    journal: readable(redisJournal(connection, config.report.kind, log)),
    requests: readable(redisRequests(connection)),
    budgets: readable(redisBudgets(connection, config.budgets)),
    ears: readable(redisEars(connection)),
    pulse: readable(redisPulse(connection)),
    rejected: readable(redisRejected(connection)),
    breakers: readable(redisBreakers(connection)),
    now: () => systemClock.now(),
    close: () => connection.close(),
  };
}
