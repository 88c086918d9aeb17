import { listening, type Store } from "./store.ts";
import type { Config } from "../config/config.ts";
import { IS_SEEN } from "../config/report.ts";
import type { Instant } from "../domain/time.ts";
import { VERSION } from "../config/version.ts";
import { withoutSecrets } from "../domain/report/gate.ts";
import { readHealth, type Health } from "../inspect/health.ts";
import { countAll, type Stats } from "../inspect/stats.ts";
import { statsJson } from "../inspect/stats-json.ts";
import { within } from "../limit.ts";
import { openMeter, type OwnMetrics } from "../monitoring/metrics/meter.ts";
import type { SharedFigures } from "../monitoring/metrics/shared.ts";
import { monitoringRoutes, type Monitored } from "../monitoring/monitoring.ts";
import { problemPage } from "../monitoring/page/problem.ts";
import { Readiness, silent, type Self } from "../monitoring/ready.ts";
import { BOUNDS, startServer, type Bounds, type HttpServer } from "../monitoring/server.ts";
import type { Clock, Log } from "../ports/index.ts";

/** What monitoring reads of the configuration. */
export type MonitoredConfig = Pick<Config, "budgets" | "policy" | "act" | "hearEveryMs" | "tickEveryMs"> & {
  readonly report: Pick<Config["report"], "kind" | "also">;
};

/** What is watched, and by which clock. */
export interface Watched {
  readonly store: Store;
  readonly self: Self;
  readonly own: OwnMetrics;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

/** Redis may take so much of the time of an answer before it counts as away: `/` and `/metrics` then come without it. */
const REDIS_SHARE = 0.4;

/** Where it is served, and what an answer may cost. */
interface Place {
  readonly address: string;
  readonly port: number;
  readonly bounds?: Bounds;
  readonly redisWithinMs?: number;
}

/** Opens what this process counts; the ends of its certificates among it. */
export function openOwnMetrics({ ca, cert }: Config["amqp"]["tlsFiles"]): OwnMetrics {
  return openMeter(VERSION, { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }) });
}

/**
 * Serves health, metrics, the status page and what programs ask for, until it is closed. Throws `ConfigError` when the address
 * cannot be had.
 */
export async function openMonitoring(
  { address, port, bounds = BOUNDS, redisWithinMs = REDIS_SHARE * bounds.withinMs }: Place,
  config: MonitoredConfig,
  watched: Watched,
): Promise<HttpServer> {
  const { log } = watched;
  const routes = monitoringRoutes(monitoredOf(config, watched, redisWithinMs));
  const server = await startServer({ address, port, routes, asPage: problemPage, log, bounds });
  log.info({ url: server.url }, "serving health, metrics and the status page");
  return server;
}

function monitoredOf(
  config: MonitoredConfig,
  { store, self, own, clock, log }: Watched,
  answerWithinMs: number,
): Monitored {
  const now = (): number => clock.now();
  const listen = listening(store, config);
  const tell = (problem: string): void => {
    log.debug({ problem }, "passed over: something in redis cannot be read");
  };
  const health = (): Promise<Health> => readHealth({ ...store, listen });
  const figures = (found: Health): Promise<Stats> => countAll(now(), found, store, tell);
  const all = async (): Promise<Stats> => figures(await health());
  const { hearEveryMs, tickEveryMs, budgets, act, policy } = config;
  return {
    ...store,
    readiness: new Readiness({ ...store, self, now, health, hearEveryMs, tickEveryMs, answerWithinMs }),
    now,
    tell,
    policy,
    figures,
    stats: async () => publicStats(statsJson(await all(), { budgets, act })),
    searches: { underWay: 0 },
    own: () => own.registry.metrics(),
    limits: budgets,
    shared: () => within(answerWithinMs, sharedFigures(store, all, config), () => silent(answerWithinMs)),
  };
}

async function sharedFigures(
  store: Store,
  figures: () => Promise<Stats>,
  { budgets, report, act }: Pick<MonitoredConfig, "budgets" | "report" | "act">,
): Promise<SharedFigures> {
  // A service that may do nothing posts nothing, and reads no comments: nobody waits for either.
  const isActing = act !== "nothing";
  const [stats, untoldSince, busUntoldSince, reading, readingBefore, info] = await Promise.all([
    figures(),
    isActing ? store.journal.untoldSince() : null,
    isActing && store.busJournal !== null ? store.busJournal.untoldSince() : null,
    isActing && IS_SEEN[report.kind] ? store.comments.reading() : null,
    isActing && store.formerComments !== null ? store.formerComments.reading() : null,
    store.info(),
  ]);
  return {
    stats,
    untoldSince,
    busUntoldSince,
    commentsReadUntil: earlier(reading?.at ?? null, readingBefore?.at ?? null),
    memory: memoryOf(info),
    limits: budgets,
  };
}

/** Null counts for nothing. */
function earlier(one: Instant | null, other: Instant | null): Instant | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}

function memoryOf(info: Readonly<Record<string, string>> | null): SharedFigures["memory"] {
  const [used, limit, whole] = ["used_memory", "maxmemory", "total_system_memory"].map((name) => Number(info?.[name]));
  const limitBytes = (limit ?? 0) > 0 ? limit : whole;
  return used !== undefined && used > 0 && limitBytes !== undefined && limitBytes > 0
    ? { usedBytes: used, limitBytes }
    : null;
}

function publicStatus<T extends { readonly why: string }>(status: T | null): T | null {
  return status === null ? null : { ...status, why: withoutSecrets(status.why) };
}

/** Replicas are known by their host's name, which is nobody's business; the end tells one from another. */
function publicStats(stats: ReturnType<typeof statsJson>): object {
  const { paused } = stats;
  const nameless = (id: string): string => id.slice(-8);
  return {
    ...stats,
    paused: paused === null ? null : { ...paused, by: withoutSecrets(paused.by), why: withoutSecrets(paused.why) },
    stopped: stats.stopped.map((each) => ({ ...each, why: withoutSecrets(each.why) })),
    breakers: stats.breakers.map((each) => ({ ...each, why: withoutSecrets(each.why) })),
    reporter: publicStatus(stats.reporter),
    bus: publicStatus(stats.bus),
    replicas: stats.replicas.map((each) => ({ ...each, id: nameless(each.id) })),
    hung: stats.hung.map((each) => ({ ...each, replica: nameless(each.replica) })),
  };
}
