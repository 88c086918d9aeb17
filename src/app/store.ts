import { systemClock } from "../adapters/clock.ts";
import { redisCheckup } from "../adapters/redis/checkup.ts";
import { redisComments } from "../adapters/redis/comments.ts";
import { openRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { redisBreakers } from "../adapters/redis/control/breakers.ts";
import { redisBudgets } from "../adapters/redis/control/budgets.ts";
import { redisGuardRounds } from "../adapters/redis/control/guard.ts";
import { redisHearing } from "../adapters/redis/control/hearing.ts";
import { redisSoonTold } from "../adapters/redis/control/soon.ts";
import { redisPositions } from "../adapters/redis/control/positions.ts";
import { redisPulse } from "../adapters/redis/control/pulse.ts";
import { sharedQueueName } from "../adapters/redis/control/queue-name.ts";
import { redisFacts } from "../adapters/redis/facts.ts";
import { redisJournal } from "../adapters/redis/journal.ts";
import { redisOrders } from "../adapters/redis/control/orders.ts";
import { redisCounts } from "../adapters/redis/images/counts.ts";
import { redisNames } from "../adapters/redis/images/names.ts";
import { redisPlaces } from "../adapters/redis/images/places.ts";
import { redisQueues } from "../adapters/redis/images/queues.ts";
import { redisKeeping } from "../adapters/redis/keeping.ts";
import { redisRejected } from "../adapters/redis/rejected.ts";
import { redisUsage } from "../adapters/redis/images/usage.ts";
import { redisSchedule } from "../adapters/redis/images/schedule.ts";
import type { Config } from "../config/config.ts";
import { IS_SEEN } from "../config/report.ts";
import { listenTo } from "../hear/hearing.ts";
import {
  NO_METER,
  type Breakers,
  type Budgets,
  type CommentMemory,
  type Counts,
  type Facts,
  type GuardRounds,
  type Hearing,
  type Journal,
  type Keeping,
  type Listen,
  type Log,
  type Meter,
  type Names,
  type Orders,
  type Places,
  type Positions,
  type Pulse,
  type Queues,
  type RejectedMessages,
  type Schedule,
  type SoonTold,
  type StrangeThing,
  type UsageMemory,
} from "../ports/index.ts";

/** Everything that is remembered, over one connection to Redis. */
export interface Store {
  readonly schedule: Schedule;
  readonly queues: Queues;
  readonly places: Places;
  readonly counts: Counts;
  readonly names: Names;
  readonly facts: Facts;
  readonly journal: Journal;
  /** The same events, with the bus' own place in them, and how telling it goes; null: it is told nothing. */
  readonly busJournal: Journal | null;
  readonly soonTold: SoonTold;
  readonly orders: Orders;
  readonly budgets: Budgets;
  readonly breakers: Breakers;
  readonly guardRounds: GuardRounds;
  readonly usage: UsageMemory;
  readonly hearing: Hearing;
  readonly pulse: Pulse;
  readonly rejected: RejectedMessages;
  readonly positions: Positions;
  readonly comments: CommentMemory;
  /** Of the place where the reports stood before; null: there is none. */
  readonly formerComments: CommentMemory | null;
  /** What an acknowledgement waits for; null: Redis' answer. */
  readonly keeping: Keeping | null;
  /** What Redis says of itself; null: our user may not ask. Throws `UpstreamError`. */
  info(): Promise<Readonly<Record<string, string>> | null>;
  /** What cannot be read, as far as this process has met it. */
  readonly strangeThings: () => readonly StrangeThing[];
  /** The queue's name that all replicas share; made when it is first asked for. Throws `UpstreamError`. */
  queueName(): Promise<string>;
  /** Ends the connection at once: commands under way fail. */
  abandon(): void;
  readonly close: () => Promise<void>;
}

/** The kind of reporter that tells the bus; no kind of report has that name. */
const BUS = "bus";

type OpenStoreConfig = Pick<Config, "periods" | "budgets" | "announce"> & {
  readonly redis: Pick<Config["redis"], "durability">;
  readonly report: Pick<Config["report"], "kind" | "also">;
};
type StoreConfig = OpenStoreConfig & Pick<Config, "redis">;

/** Opens Redis. Throws `UpstreamError` when it cannot be reached, `ConfigError` for a newer key format. */
export async function openStore(config: StoreConfig, log: Log, meter: Meter = NO_METER): Promise<Store> {
  return storeOn(await openRedis(config.redis, config.redis.prefix, log, meter), config, log);
}

/** The ports of a connection that is open. */
export function storeOn(connection: RedisConnection, config: OpenStoreConfig, log: Log): Store {
  const { kind, also } = config.report;
  return {
    schedule: redisSchedule(connection, systemClock, config.periods),
    queues: redisQueues(connection),
    places: redisPlaces(connection, systemClock, config.periods),
    counts: redisCounts(connection),
    names: redisNames(connection),
    facts: redisFacts(connection),
    journal: redisJournal(connection, kind, log, also?.kind ?? null),
    busJournal: config.announce === null ? null : redisJournal(connection, BUS, log),
    soonTold: redisSoonTold(connection, BUS),
    orders: redisOrders(connection),
    budgets: redisBudgets(connection, config.budgets),
    breakers: redisBreakers(connection),
    guardRounds: redisGuardRounds(connection),
    usage: redisUsage(connection),
    hearing: redisHearing(connection, log),
    pulse: redisPulse(connection),
    rejected: redisRejected(connection),
    positions: redisPositions(connection),
    comments: redisComments(connection, kind),
    formerComments: also === null ? null : redisComments(connection, also.kind),
    keeping: redisKeeping(connection, config.redis.durability),
    info: redisCheckup(connection).info,
    strangeThings: () => connection.strangers.list(),
    queueName: () => sharedQueueName(connection),
    abandon: () => {
      connection.abandon();
    },
    close: () => connection.close(),
  };
}

/** How much was heard, as whoever acts, tells or asks reads it: comments count where the reports can be commented on. */
export function listening(
  { hearing, comments, formerComments }: Pick<Store, "hearing" | "comments" | "formerComments">,
  { report }: Pick<StoreConfig, "report">,
): Listen {
  return listenTo(hearing, IS_SEEN[report.kind] ? comments : null, formerComments);
}
