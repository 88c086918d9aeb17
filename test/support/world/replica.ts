import type { Test } from "tap";
import type { Ticker } from "../../../src/act/tick.ts";
import { openRedis, type RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisBudgets } from "../../../src/adapters/redis/control/budgets.ts";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";
import { redisJournal } from "../../../src/adapters/redis/journal.ts";
import { redisOrders } from "../../../src/adapters/redis/control/orders.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { Consultation } from "../../../src/decide/consult.ts";
import type { Periods } from "../../../src/domain/image/lifecycle.ts";
import type { BudgetLimits } from "../../../src/domain/limits/budget.ts";
import { SECOND_MS, type Instant } from "../../../src/domain/time.ts";
import type { Ingester } from "../../../src/hear/ingest.ts";
import type { Clerk } from "../../../src/operate/orders.ts";
import { NO_METER, type Budgets, type Clock } from "../../../src/ports/index.ts";
import type { Reporter } from "../../../src/tell/reporter.ts";
import { RedisProxy } from "../servers/redis/redis-proxy.ts";
import { serverUrl } from "../servers/redis/redis.ts";
import type { World } from "./world.ts";

/** A further process of the service, over the world's Redis, EC2 and Pagure. */
export interface Replica {
  readonly connection: RedisConnection;
  readonly ingester: Ingester;
  readonly ticker: Ticker;
  readonly reporter: Reporter;
  readonly clerk: Clerk;
  readonly budgets: Budgets;
}

export interface ReplicaOptions {
  /** The process' own clock. */
  readonly clock: Clock;
  /** What Redis answers to TIME. */
  readonly redisClock: Pick<Clock, "now">;
  readonly periods: Periods;
  readonly budgets: BudgetLimits;
}

/** Opens a process with a connection and a clock of its own; both are closed with the test. */
export async function openReplica(test: Test, world: World, options: ReplicaOptions): Promise<Replica> {
  const { clock, redisClock, periods } = options;
  const proxy = await RedisProxy.open(serverUrl("TEST_REDIS_URL"), (call) =>
    Promise.resolve({
      answered: () => Promise.resolve(),
      sent: () => undefined,
      ...(call === "redis TIME" ? { instead: () => timeAnswer(redisClock.now()) } : {}),
    }),
  );
  const { log, policy } = world.ticker;
  const connection = await openRedis(proxy.url, world.connection.keys.format.replace(/:format$/, ""), log);
  test.teardown(async () => {
    await connection.close();
    await proxy.close();
  });
  const schedule = redisSchedule(connection, clock, periods);
  const facts = redisFacts(connection);
  const base = { schedule, facts, orders: redisOrders(connection), clock, log, meter: NO_METER, periods, policy };
  const budgets = redisBudgets(connection, options.budgets);
  return {
    connection,
    ingester: { ...base, rejected: redisRejected(connection), environments: ["prod"] },
    ticker: { ...world.ticker, ...base, budgets, consultation: new Consultation({ ...base, sources: [] }) },
    reporter: { ...world.reporter, ...base, journal: redisJournal(connection, "pagure", log) },
    clerk: base,
    budgets,
  };
}

/** Seconds and microseconds as two bulk strings (Redis' command TIME). */
function timeAnswer(at: Instant): string {
  const words = [Math.floor(at / SECOND_MS), (at % SECOND_MS) * 1000].map(String);
  return `*2\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** A clock that is wrong by a fixed time. */
export function wrongBy(ms: number, clock: Clock): Clock {
  return { now: () => clock.now() + ms, sleep: (sleepMs) => clock.sleep(sleepMs) };
}
