import { RegionBreakers } from "../act/breakers.ts";
import { systemClock } from "../adapters/clock.ts";
import { openLog } from "../adapters/log.ts";
import { runService, type App } from "./service.ts";
import { openStore, type Store } from "./store.ts";
import { openArchive, openComments, openEc2, openReports, openSources } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import { Consultation } from "../decide/consult.ts";
import { batchOf } from "../domain/limits/pace.ts";
import { withComments } from "../hear/hearing.ts";
import type { CommentParts } from "../operate/comments.ts";
import type { OrderParts } from "../operate/orders.ts";
import type { Log } from "../ports/index.ts";
import type { ReportParts } from "../tell/post.ts";
import { commentStoppages, stoppages } from "../tell/stops.ts";

/** Opens every adapter. Throws `UpstreamError` when Redis cannot be reached, `ConfigError` for a newer key format. */
export async function openApp(config: Config, logLevel: string = config.logLevel): Promise<App> {
  const clock = systemClock;
  const log = openLog(logLevel);
  if (config.ignoredKeys.length > 0)
    log.info({ keys: config.ignoredKeys }, "keys for Python or publishers are ignored");
  const { periods, policy, environments } = config;
  const store = await openStore(config, log);
  const { schedule, facts, breakers, budgets, hearing } = store;
  const images = await openEc2(config, log);
  const base = { schedule, facts, clock, log, periods, policy };
  const archive = openArchive(config);
  const consultation = new Consultation({ ...base, sources: openSources(config, archive) });
  const ingest = { ...base, rejected: store.rejected, environments };
  const { guards, share } = config.ec2;
  const regions = new RegionBreakers({ breakers, clock, log, account: guards.account, random: Math.random });
  const orders = { ...base, orders: store.orders };
  const comments = openCommentParts(config, store, orders);
  const tick = {
    ...base,
    consultation,
    budgets,
    guards,
    act: config.act,
    hearing: comments === null ? hearing : withComments(hearing, comments.memory),
    images: regions.watch(images),
    breakers: regions,
    batch: batchOf(periods.leaseMs, share),
    random: Math.random,
  };
  const report = openReportParts(config, store, comments, log);
  const catchUp =
    archive === null ? null : { archive, ingest, hearing, clock, log, firstBackfillMs: config.firstBackfillMs };
  const app = { ingest, tick, report, orders, comments, catchUp, breakers, ec2: images };
  return {
    ...app,
    consume: (stop) => runService(config, store, app, stop),
    close: async () => {
      images.close();
      await store.close();
    },
  };
}

function openReportParts(config: Config, store: Store, comments: CommentParts | null, log: Log): ReportParts {
  const { schedule, journal, budgets, breakers } = store;
  const { isPublic, title, mostBytes } = config.report;
  const clock = systemClock;
  return {
    ...{ schedule, journal, reports: openReports(config, log), clock, log, periods: config.periods },
    ...{ isPublic, title, mostBytes },
    stoppages: async () => [
      ...(await stoppages({ budgets, schedule, breakers, clock })),
      ...(comments === null ? [] : await commentStoppages(comments)),
    ],
  };
}

function openCommentParts(config: Config, store: Store, orders: OrderParts): CommentParts | null {
  const comments = openComments(config);
  const { operators, objectionsPerDay, mostBytes } = config.report;
  return comments === null
    ? null
    : { ...orders, comments, memory: store.comments, operators, mostPerDay: objectionsPerDay, mostBytes };
}
