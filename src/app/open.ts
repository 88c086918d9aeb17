import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { RegionBreakers } from "../act/breakers.ts";
import type { UsageAsker } from "../act/asking/elsewhere.ts";
import type { Guardian } from "../act/asking/guardian.ts";
import { PlaceKeeper } from "../act/places.ts";
import { BusPublisher } from "../adapters/amqp/publisher.ts";
import { systemClock } from "../adapters/clock.ts";
import { sparing } from "../adapters/log-sparing.ts";
import { openLog } from "../adapters/log.ts";
import { tellSystemd } from "../adapters/systemd.ts";
import { Heartbeat } from "./life/heartbeat.ts";
import { runService, type App, type Closable, type UseCases } from "./service.ts";
import { listening, openStore, type Store } from "./store.ts";
import { openArchive, openComments, openEc2, openFormerComments } from "./upstream.ts";
import { openReports, openSources, openTeam, openUsage } from "./upstream.ts";
import type { Config } from "../config/config.ts";
import { Consultation } from "../decide/consult.ts";
import { batchOf } from "../domain/limits/pace.ts";
import { REJECTED } from "../hear/ingest.ts";
import type { Ears } from "../hear/hearing-rounds.ts";
import type { CommentReader } from "../operate/comments.ts";
import { NoticePages } from "../operate/notices/pages.ts";
import type { Clerk } from "../operate/orders.ts";
import type { Self } from "../monitoring/ready.ts";
import { NO_METER, type Images, type Listen, type Log, type Meter } from "../ports/index.ts";
import type { Announcer } from "../tell/bulletins.ts";
import type { Reporter } from "../tell/reporter.ts";
import { commentStoppages, deafStoppages, stoppages, strangeStoppages } from "../tell/stops.ts";

/** Opens every adapter. Throws `UpstreamError` when Redis cannot be reached, `ConfigError` for a newer key format. */
export async function openApp(config: Config, logLevel: string = config.logLevel): Promise<App> {
  const clock = systemClock;
  const log = openLog(logLevel);
  if (config.ignoredKeys.length > 0) log.info({ keys: config.ignoredKeys }, "keys that nothing here needs are ignored");
  const { periods, policy, environments } = config;
  const watch = await openWatch(config, log);
  const { meter } = watch;
  const store = await openStore(config, log, meter);
  const { schedule, facts, orders, breakers, budgets, hearing } = store;
  const heartbeat = new Heartbeat(store.pulse, clock, `${hostname()}-${randomUUID().slice(0, 8)}`);
  const images = openEc2(config, log, meter, () => heartbeat.replicas);
  const base = { schedule, facts, orders, clock, log, meter, periods, policy };
  const archive = openArchive(config);
  const consultation = new Consultation({ ...base, sources: openSources(config, archive) });
  const ingester = { ...base, log: ofFewRejected(log), rejected: store.rejected, environments };
  const { guards, share } = config.ec2;
  const regions = new RegionBreakers({ breakers, clock, log, account: guards.account, random: Math.random });
  const commentReaders = openCommentReaders(config, store, base);
  const listen = listening(store, config);
  const tick = {
    ...base,
    consultation,
    budgets,
    guards,
    act: config.act,
    // Who may do nothing asks nothing, and a plan does not wait for it.
    usage: config.usage === null || config.act === "nothing" ? null : { memory: store.usage, ...config.usage },
    listen,
    images: regions.watch(images),
    breakers: regions,
    batch: () => batchOf(periods.leaseMs, share / heartbeat.replicas),
    random: Math.random,
  };
  const report = openReporter(config, store, { comments: commentReaders, listen }, log);
  const ears: Ears = {
    hearing,
    schedule,
    log,
    listen,
    listener: archive === null ? null : { archive, ingester, hearing, log, firstBackfillMs: config.firstBackfillMs },
    everyMs: config.hearEveryMs,
    random: Math.random,
  };
  const guardian = openGuardian(config, store, images, log);
  const usageAsker = openUsageAsker(config, store, { images, heartbeat, meter }, log);
  const announcer = openAnnouncer(config, store, log);
  const placeKeeper = keeperOf(store, log);
  const cases = { ingester, tick, report, clerk: base, commentReaders, ears, breakers, placeKeeper };
  const app = { ...cases, announcer, guardian, usageAsker: usageAsker?.asker ?? null, ec2: images, heartbeat };
  return {
    ...app,
    consume: (stop) =>
      runChecked(config, store, app, { stop, meter, serve: async (self) => told(await watch.serve(store, self), log) }),
    close: async () => {
      images.close();
      usageAsker?.close();
      await store.close();
    },
  };
}

/** The log of what is heard; `clean-amis rejected` shows what it does not tell one by one. */
function ofFewRejected(log: Log): Log {
  return sparing(log, REJECTED, "clean-amis rejected shows all");
}

/** The service, where Redis can keep what comes in as is configured; throws `ConfigError` elsewhere. */
async function runChecked(...given: Parameters<typeof runService>): Promise<void> {
  const [, store] = given;
  await store.keeping?.check();
  await runService(...given);
}

function keeperOf({ places, counts, names, schedule }: Store, log: Log): PlaceKeeper {
  return new PlaceKeeper({ places, counts, names, schedule, log });
}

/** What is served is told to systemd as well, as long as it is. */
function told(served: Closable, log: Log): Closable {
  const supervisor = tellSystemd(process.env, log);
  return {
    close: async () => {
      supervisor.close();
      await served.close();
    },
  };
}

/** What counts and shows what the service does; nothing does where the configuration does not ask for it. */
async function openWatch(
  config: Config,
  log: Log,
): Promise<{ readonly meter: Meter; readonly serve: (store: Store, self: Self) => Promise<Closable> }> {
  const { monitoring: place } = config;
  if (place === null) return { meter: NO_METER, serve: () => Promise.resolve({ close: () => Promise.resolve() }) };
  const { openMonitoring, openOwnMetrics } = await import("./monitoring.ts");
  const own = openOwnMetrics(config.amqp.tlsFiles);
  const serve = (store: Store, self: Self): Promise<Closable> =>
    openMonitoring(place, config, { store, self, own, clock: systemClock, log });
  return { meter: own.meter, serve };
}

/** Who asks which other accounts use images; null: nobody does. */
function openUsageAsker(
  { usage, ec2 }: Config,
  { schedule, orders, usage: memory, breakers: remembered }: Store,
  { images, heartbeat, meter }: { readonly images: Images; readonly heartbeat: Heartbeat; readonly meter: Meter },
  log: Log,
): { readonly asker: UsageAsker; close(): void } | null {
  if (usage === null) return null;
  const { guards } = ec2;
  const rest = { clock: systemClock, log, account: guards.account, random: Math.random };
  const breakers = new RegionBreakers({ breakers: remembered, ...rest });
  const { keepFrom } = usage;
  const opened = openUsage({ ...ec2, replicas: () => heartbeat.replicas, clock: systemClock, log, meter });
  const { reports } = opened;
  return {
    asker: { schedule, reports, memory, orders, images, breakers, guards, log, keepFrom },
    close: () => {
      opened.close();
    },
  };
}

/** Who looks after released images, and minds the breakers of all replicas; null: nobody does. */
function openGuardian({ guard, ec2 }: Config, store: Store, images: Images, log: Log): Guardian | null {
  if (guard === null) return null;
  const { schedule, guardRounds: rounds } = store;
  const { guards } = ec2;
  const account = guards.account;
  // Of its own: what a ticker knows of a region it is probing is not looked up anew under its hands.
  const breakers = new RegionBreakers({
    breakers: store.breakers,
    clock: systemClock,
    log,
    account,
    random: Math.random,
  });
  const { warnBeforeMs } = guard;
  return { schedule, images: breakers.watch(images), breakers, rounds, guards, log, warnBeforeMs };
}

function openReporter(
  config: Config,
  store: Store,
  { comments, listen }: { readonly comments: readonly CommentReader[]; readonly listen: Listen },
  log: Log,
): Reporter {
  const { schedule, journal, budgets, breakers, hearing } = store;
  const { isPublic, title, mostBytes } = config.report;
  return {
    schedule,
    journal,
    reports: openReports(config, log),
    log,
    periods: config.periods,
    policy: config.policy,
    isPublic,
    title,
    mostBytes,
    stoppages: async () => [
      ...(await stoppages({ budgets, schedule, breakers })),
      ...(await deafStoppages({ listen, hearing, schedule })),
      ...(await Promise.all(comments.map((reader) => commentStoppages(reader)))).flat(),
      ...strangeStoppages(store.strangeThings()),
    ],
  };
}

/** Who tells the bus; null: it is not told. */
function openAnnouncer({ amqp, announce, periods, policy }: Config, store: Store, log: Log): Announcer | null {
  const { schedule, busJournal: journal, soonTold } = store;
  if (announce === null || journal === null) return null;
  const bulletins = new BusPublisher({ ...amqp, ...announce }, log);
  return { schedule, journal, soonTold, periods, policy, log, bulletins };
}

/** Those who read the comments: where the reports go, and where they went before. */
function openCommentReaders(config: Config, store: Store, clerk: Clerk): UseCases["commentReaders"] {
  const { kind, repo, operators, objectionsPerDay, mostBytes, also } = config.report;
  const reader = { ...clerk, hearing: store.hearing, mostPerDay: objectionsPerDay, mostBytes };
  const records = { ...clerk, journal: store.journal };
  const [comments, former] = [openComments(config), openFormerComments(config)];
  return [
    ...(comments === null || kind === "log"
      ? []
      : [
          {
            ...reader,
            comments,
            memory: store.comments,
            notices: new NoticePages(records),
            operators,
            team: openTeam(config),
            failed: new Set<string>(),
            place: { kind, repo },
          },
        ]),
    ...(former === null || also === null || store.formerComments === null
      ? []
      : [
          {
            ...reader,
            comments: former,
            memory: store.formerComments,
            notices: new NoticePages(records, { isDated: true }),
            operators: also.operators,
            team: null,
            failed: new Set<string>(),
            place: { kind: also.kind, repo: also.repo },
          },
        ]),
  ];
}
