import { brokerCheckup } from "../adapters/amqp/checkup.ts";
import { systemClock } from "../adapters/clock.ts";
import { composeHostReach, datagrepperReach } from "../adapters/http/reach.ts";
import { openLog } from "../adapters/log.ts";
import { connectRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { redisCheckup } from "../adapters/redis/checkup.ts";
import { refusalOf } from "../adapters/redis/keeping.ts";
import { listening, storeOn } from "./store.ts";
import { openForge, openTeam, type ForgePlace } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import { IS_SEEN } from "../config/report.ts";
import { CALL_LIMIT_MS, LIMIT_MS, type Examined, type Problems } from "../doctor/doctor.ts";
import type { Ec2Checkup, Log, StoreCheckup } from "../ports/index.ts";

/** All that is examined, each opened when a check first asks for it. `problems`: what is wrong with the configuration. */
export function openDoctor(
  config: Config,
  problems: Problems,
  regions: readonly string[] | null = null,
): Examined & { close(): Promise<void> } {
  const log = openLog("silent");
  const { sources, userAgent } = config;
  const reach = { userAgent, timeoutMs: LIMIT_MS, clock: systemClock };
  const redis = opened(() => connectRedis(config.redis, config.redis.prefix, log));
  const ec2 = opened(() => openEc2(config, log));
  return {
    config,
    problems,
    node: process.versions.node,
    regions,
    limitMs: LIMIT_MS,
    callLimitMs: CALL_LIMIT_MS,
    now: () => systemClock.now(),
    broker: brokerCheckup(config.amqp),
    store: async () => storeOf(await redis.get(), config, log),
    ec2: () => ec2.get(),
    reports: reportsOf(config, config.report),
    team: teamOf(config),
    formerReports: config.report.also === null ? null : reportsOf(config, config.report.also),
    archive: sources.datagrepper === null ? null : datagrepperReach({ ...reach, url: sources.datagrepper }),
    composeHost: sources.composeHost === null ? null : composeHostReach({ ...reach, url: sources.composeHost }),
    close: async () => {
      await redis.close(async (connection) => {
        await connection.close();
      });
      await ec2.close((checkup) => {
        checkup.close();
      });
    },
  };
}

/** Opens once, when it is first asked for; what failed to open needs no closing. */
function opened<T>(open: () => Promise<T>): {
  get(): Promise<T>;
  close(close: (thing: T) => Promise<void> | void): Promise<void>;
} {
  let opening: Promise<T> | null = null;
  return {
    get: () => (opening ??= open()),
    close: async (close) => {
      const [result] = await Promise.allSettled(opening === null ? [] : [opening]);
      if (result?.status === "fulfilled") await close(result.value);
    },
  };
}

/** The SDK takes half a second to load, while the other checks wait for their answers. */
async function openEc2(config: Config, log: Log): Promise<Ec2Checkup & { close(): void }> {
  const { openEc2Checkup } = await import("../adapters/ec2/checkup.ts");
  return openEc2Checkup({ ...config.ec2, clock: systemClock, log });
}

function storeOf(connection: RedisConnection, config: Config, log: Log): StoreCheckup {
  const store = storeOn(connection, config, log);
  const { schedule, queues, places, strangeThings, journal, busJournal, budgets } = store;
  const listen = listening(store, config);
  const refusedDurability = (): Promise<string | null> => refusalOf(connection, config.redis.durability);
  return {
    ...redisCheckup(connection),
    refusedDurability,
    schedule,
    queues,
    places,
    strangeThings,
    journal,
    busJournal,
    budgets,
    listen,
  };
}

/** Null: the reports go to the log. */
function reportsOf(config: Config, place: ForgePlace): Examined["reports"] {
  if (!IS_SEEN[place.kind]) return null;
  return () => {
    const forge = openForge(config, { timeoutMs: LIMIT_MS, place });
    return forge === null ? Promise.reject(new Error("no forge is seen")) : Promise.resolve(forge);
  };
}

function teamOf(config: Config): Examined["team"] {
  if (config.report.operatorsTeam === null) return null;
  return () => {
    const team = openTeam(config, { timeoutMs: LIMIT_MS });
    return team === null ? Promise.reject(new Error("no team is named")) : Promise.resolve(team);
  };
}
