import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { openRedis } from "../adapters/redis/connection.ts";
import { redisFacts } from "../adapters/redis/facts.ts";
import { redisRejected } from "../adapters/redis/journal.ts";
import { redisPositions } from "../adapters/redis/positions.ts";
import { redisSchedule } from "../adapters/redis/schedule.ts";
import type { Positions } from "../backfill.ts";
import type { Config } from "../config.ts";
import type { IngestParts } from "../ingest.ts";
import type { Archive } from "../ports.ts";
import { openArchive } from "./upstream.ts";

/** What a backfill needs: no EC2, no report, no broker. */
export interface PastParts {
  readonly archive: Archive | null;
  readonly ingest: IngestParts;
  readonly positions: Positions;
  close(): Promise<void>;
}

/** Opens Redis and the archive, to put past messages through ingest. Throws `UpstreamError`, `ConfigError`. */
export async function openPast(config: Config): Promise<PastParts> {
  const [clock, log] = [systemClock, openLog("warn")];
  const { periods, policy, environments } = config;
  const connection = await openRedis(config.redis.url, config.redis.prefix, log);
  const schedule = redisSchedule(connection, clock, periods);
  const base = { schedule, facts: redisFacts(connection), clock, log, periods, policy, environments };
  return {
    archive: openArchive(config),
    ingest: { ...base, rejected: redisRejected(connection) },
    positions: redisPositions(connection),
    close: () => connection.close(),
  };
}
