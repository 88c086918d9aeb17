import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { openRedis } from "../adapters/redis/connection.ts";
import { redisFacts } from "../adapters/redis/facts.ts";
import { redisSchedule } from "../adapters/redis/schedule.ts";
import { openArchive, openEc2 } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import type { ReconcileParts } from "../operate/reconcile.ts";

/** Opens Redis, EC2 and the archive, to hold them against each other. Throws `UpstreamError`, `ConfigError`. */
export async function openReconcile(
  config: Config,
): Promise<Omit<ReconcileParts, "isApplied"> & { close(): Promise<void> }> {
  const [clock, log] = [systemClock, openLog("warn")];
  const { periods, policy, environments } = config;
  const connection = await openRedis(config.redis.url, config.redis.prefix, log);
  const images = await openEc2(config, log);
  return {
    schedule: redisSchedule(connection, clock, periods),
    facts: redisFacts(connection),
    archive: openArchive(config),
    ...{ images, clock, log, periods, policy, environments, guards: config.ec2.guards },
    close: async () => {
      images.close();
      await connection.close();
    },
  };
}
