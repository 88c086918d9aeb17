import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { RegionBreakers } from "../act/breakers.ts";
import { RegionPasses } from "../act/passes.ts";
import { checkAccount } from "../act/survey.ts";
import type { TickParts } from "../act/tick.ts";
import { openBus } from "../adapters/amqp/bus.ts";
import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { redisComments } from "../adapters/redis/comments.ts";
import { openRedis, type RedisConnection } from "../adapters/redis/connection.ts";
import { redisBreakers } from "../adapters/redis/control/breakers.ts";
import { redisBudgets } from "../adapters/redis/control/budgets.ts";
import { redisEars } from "../adapters/redis/control/ears.ts";
import { redisPulse } from "../adapters/redis/control/pulse.ts";
import { sharedQueueName } from "../adapters/redis/control/queue-name.ts";
import { redisFacts } from "../adapters/redis/facts.ts";
import { redisJournal } from "../adapters/redis/journal.ts";
import { redisRequests } from "../adapters/redis/orders.ts";
import { redisRejected } from "../adapters/redis/rejected.ts";
import { redisSchedule } from "../adapters/redis/schedule.ts";
import { Heartbeat } from "./heartbeat.ts";
import { runLoop } from "./loop.ts";
import { openArchive, openEc2, openObjections, openReports, openSources } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import { Consultation } from "../decide/consult.ts";
import { batchOf } from "../domain/limits/pace.ts";
import { SECOND_MS } from "../domain/time.ts";
import { describeError, RefusedError, UpstreamError } from "../errors.ts";
import { hearOnce, type HearParts } from "../hear/catch-up.ts";
import { Consumer } from "../hear/consume.ts";
import type { IngestParts } from "../hear/ingest.ts";
import { objectionsHeldBack, withComments } from "../objections-told.ts";
import { readObjections, type ObjectionParts } from "../operate/comments.ts";
import { carryOutRequests, type RequestParts } from "../operate/orders.ts";
import type { Breakers, Images, Log } from "../ports/index.ts";
import { reportOnce, type NotifyParts } from "../tell/report.ts";
import { heldBack } from "../tell/stops.ts";

/** How long a stop waits for Redis to take what was already delivered. */
const STOP_WITHIN_MS = 5 * SECOND_MS;
/** How often signs of life are written. */
const BEAT_MS = 5 * SECOND_MS;

/** Everything that is open, wired once. */
export interface App {
  readonly ingest: IngestParts;
  readonly tick: TickParts;
  readonly notify: NotifyParts;
  readonly requests: RequestParts;
  /** Null: nobody can object where the reports go. */
  readonly objections: ObjectionParts | null;
  /** Null: there is no archive to read over holes. */
  readonly hear: HearParts | null;
  readonly breakers: Breakers;
  /** EC2 past the breakers, for a person who asks for a plan: nothing is remembered of its failures. */
  readonly ec2: Images;
  /** Hears the bus, ticks and reports until `stop`; resolves when everything under way has ended. */
  consume(stop: AbortSignal): Promise<void>;
  /** Closes what was opened, in reverse. */
  close(): Promise<void>;
}

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

async function consume(
  config: Config,
  connection: RedisConnection,
  parts: Pick<App, "ingest" | "tick" | "notify" | "requests" | "objections"> & {
    readonly hear: HearParts | null;
    readonly stop: AbortSignal;
  },
): Promise<void> {
  const { ingest, tick, hear, stop } = parts;
  const { clock, log } = tick;
  const giveUp = new AbortController();
  const ending = new AbortController();
  const consumer = new Consumer(ingest, { stop: ending.signal, giveUp: giveUp.signal });
  const heartbeat = new Heartbeat(redisPulse(connection), clock, `${hostname()}-${randomUUID().slice(0, 8)}`);
  const { name } = config.amqp.queue;
  const bus = await openBus(config.amqp, {
    queueName: name === "auto" ? await sharedQueueName(connection) : name,
    deliver: (delivery) => {
      heartbeat.mark("message");
      consumer.deliver(delivery);
    },
    now: () => clock.now(),
    log,
  });
  const passes = new RegionPasses(tick);
  let lastResort: NodeJS.Timeout | undefined;
  const end = (): void => {
    ending.abort();
    // A Redis that does not answer must not keep the process: what it did not take will be delivered, or due, again.
    lastResort ??= setTimeout(() => {
      giveUp.abort();
      connection.abandon();
    }, STOP_WITHIN_MS);
  };
  stop.addEventListener("abort", end);
  if (stop.aborted) end();
  const loops = loopsOf(config, { ...parts, passes, heartbeat, stop: ending.signal }).map((loop) => loop.finally(end));
  log.info({ act: config.act, config: config.file }, "clean-amis is running");
  if (config.act !== "nothing") await tellAccount(tick);
  if (hear === null) log.warn({}, "without datagrepper nobody knows what was missed: nothing will be acted on");
  // One loop that ends with a bug ends the others: a service that lives half is worse than one that is restarted.
  const ended = await Promise.allSettled(loops);
  stop.removeEventListener("abort", end);
  await bus.stopDeliveries();
  await consumer.idle();
  const passed = await Promise.allSettled([passes.idle()]);
  await lastBeat(heartbeat, log);
  clearTimeout(lastResort);
  await bus.close();
  log.info({ ...consumer.counts }, "clean-amis has stopped");
  for (const result of [...ended, ...passed]) if (result.status === "rejected") throw result.reason;
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

type LoopParts = Pick<App, "tick" | "notify" | "requests" | "objections" | "hear"> & {
  readonly passes: RegionPasses;
  readonly heartbeat: Heartbeat;
  readonly stop: AbortSignal;
};

/** Everything that is done again and again, until `stop`. */
function loopsOf(
  config: Config,
  { tick, notify, requests, objections, hear, passes, heartbeat, stop }: LoopParts,
): Promise<void>[] {
  const tickAll = async (): Promise<void> => {
    await passes.start();
    heartbeat.mark("tick");
  };
  const tellAll = async (): Promise<void> => {
    if ((await reportOnce(notify)).noticed > 0) heartbeat.mark("notice");
  };
  return [
    runLoop("heartbeat", BEAT_MS, () => heartbeat.beat(), tick, stop),
    runLoop("requests", SECOND_MS, () => carryOutRequests(requests), tick, stop),
    runLoop("ticker", config.tickEveryMs, tickAll, tick, stop),
    ...(hear === null ? [] : [runLoop("ears", config.hearEveryMs, () => hearOnce(hear), tick, stop)]),
    ...(config.act === "nothing" ? [] : [runLoop("reporter", config.reportEveryMs, tellAll, tick, stop)]),
    ...(config.act === "nothing" || objections === null
      ? []
      : [runLoop("comments", config.report.readEveryMs, () => readObjections(objections), tick, stop)]),
  ];
}

/** A replica that could not say that it ends is forgotten after a day. */
async function lastBeat(heartbeat: Heartbeat, log: Log): Promise<void> {
  try {
    await heartbeat.end();
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    log.debug({ error: describeError(error) }, "the last sign of life was not written");
  }
}

/** Wrong credentials are told at the start, and not only when the first image is due; each pass asks again by itself. */
async function tellAccount(tick: TickParts): Promise<void> {
  try {
    await checkAccount(tick);
  } catch (error) {
    if (!(error instanceof UpstreamError || error instanceof RefusedError)) throw error;
    tick.log.error({ code: error.code, error: error.message }, "nothing can be acted on in EC2 as it is");
  }
}
