import { RegionBreakers } from "../act/breakers.ts";
import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { redisComments } from "../adapters/redis/comments.ts";
import { openRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { redisBreakers } from "../adapters/redis/control/breakers.ts";
import { redisBudgets } from "../adapters/redis/control/budgets.ts";
import { redisEars } from "../adapters/redis/control/ears.ts";
import { redisFacts } from "../adapters/redis/facts.ts";
import { redisJournal } from "../adapters/redis/journal.ts";
import { redisRequests } from "../adapters/redis/orders.ts";
import { redisRejected } from "../adapters/redis/rejected.ts";
import { redisSchedule } from "../adapters/redis/schedule.ts";
import { type App, consume } from "./service.ts";
import { openArchive, openEc2, openObjections, openReports, openSources } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import { Consultation } from "../decide/consult.ts";
import { batchOf } from "../domain/limits/pace.ts";
import { withComments } from "../hear/ears.ts";
import type { ObjectionParts } from "../operate/comments.ts";
import type { RequestParts } from "../operate/orders.ts";
import { heldBack, objectionsHeldBack } from "../tell/stops.ts";

/** Opens every adapter. Throws `UpstreamError` when Redis cannot be reached, `ConfigError` for a newer key format. */
export async function openApp(config: Config, logLevel: string = config.logLevel): Promise<App> {
  const clock = systemClock;
  const log = openLog(logLevel);
  if (config.ignoredKeys.length > 0)
    log.info({ keys: config.ignoredKeys }, "keys for Python or publishers are ignored");
  const { periods } = config;
  const connection = await openRedis(config.redis.url, config.redis.prefix, log);
  const images = await openEc2(config, log);
  const schedule = redisSchedule(connection, clock, periods);
  const facts = redisFacts(connection);
  const base = { schedule, facts, clock, log, periods, policy: config.policy };
  const archive = openArchive(config);
  const consultation = new Consultation({ ...base, sources: openSources(config, archive) });
  const ears = redisEars(connection);
  const ingest = { ...base, rejected: redisRejected(connection), environments: config.environments };
  const budgets = redisBudgets(connection, config.budgets);
  const breakers = redisBreakers(connection);
  const { guards, share } = config.ec2;
  const regions = new RegionBreakers({ ...{ breakers, clock, log }, account: guards.account });
  const objections = openObjectionParts(config, connection, { ...base, requests: redisRequests(connection) });
  const tickEars = objections === null ? ears : withComments(ears, objections.comments);
  const tick = {
    ...{ ...base, consultation, ears: tickEars, budgets, guards, act: config.act },
    ...{ images: regions.watch(images), breakers: regions, batch: batchOf(periods.leaseMs, share) },
  };
  const requests = { ...base, requests: redisRequests(connection) };
  const reports = openReports(config, log);
  const journal = redisJournal(connection, config.report.kind, log);
  const notify = {
    ...{ schedule, journal, reports, clock, log, periods, isPublic: config.report.isPublic },
    ...{ title: config.report.title, mostBytes: config.report.mostBytes },
    heldBack: async () => [
      ...(await heldBack({ budgets, schedule, breakers, clock })),
      ...(objections === null ? [] : await objectionsHeldBack(objections)),
    ],
  };
  const hear = archive === null ? null : { archive, ingest, ears, clock, log, firstBackfillMs: config.firstBackfillMs };
  return {
    ingest,
    tick,
    notify,
    requests,
    objections,
    hear,
    breakers,
    ec2: images,
    consume: (stop) => consume(config, connection, { ingest, tick, notify, requests, objections, hear, stop }),
    close: async () => {
      images.close();
      await connection.close();
    },
  };
}

function openObjectionParts(
  config: Config,
  connection: RedisConnection,
  requests: RequestParts,
): ObjectionParts | null {
  const objections = openObjections(config);
  const { kind, operators, objectionsPerDay, mostBytes } = config.report;
  const comments = redisComments(connection, kind);
  return objections === null
    ? null
    : { ...requests, objections, comments, operators, mostPerDay: objectionsPerDay, mostBytes };
}
