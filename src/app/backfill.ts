import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { asReadError, openRedis } from "../adapters/redis/connection.ts";
import { redisPositions } from "../adapters/redis/control/positions.ts";
import { redisFacts } from "../adapters/redis/facts.ts";
import { redisRejected } from "../adapters/redis/rejected.ts";
import { redisSchedule } from "../adapters/redis/schedule.ts";
import { translateErrors } from "../adapters/translate.ts";
import { openArchive } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import type { IngestParts } from "../decide/change.ts";
import type { Archive, RejectedMessages } from "../ports/index.ts";
import type { Positions } from "../ports/messages.ts";

/** What a backfill needs: no EC2, no report, no broker. */
export interface PastParts {
  readonly archive: Archive | null;
  readonly ingest: IngestParts;
  readonly positions: Positions;
  readonly rejected: RejectedMessages;
  close(): Promise<void>;
}

/** Opens Redis and the archive, to put past messages through ingest. Throws `UpstreamError`, `ConfigError`. */
export async function openPast(config: Config, logLevel = "warn"): Promise<PastParts> {
  const [clock, log] = [systemClock, openLog(logLevel)];
  const { periods, policy, environments } = config;
  const connection = await openRedis(config.redis.url, config.redis.prefix, log);
  const schedule = redisSchedule(connection, clock, periods);
  const base = { schedule, facts: redisFacts(connection), clock, log, periods, policy, environments };
  const rejected = redisRejected(connection);
  return {
    rejected: translateErrors(rejected, asReadError),
    archive: openArchive(config),
    ingest: { ...base, rejected },
    positions: redisPositions(connection),
    close: () => connection.close(),
  };
}
