import type { Test } from "tap";
import { RegionBreakers } from "../../../src/act/breakers.ts";
import { tickRegion, type TickCounts, type Ticker } from "../../../src/act/tick.ts";
import { openImages } from "../../../src/adapters/ec2/images.ts";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisBreakers } from "../../../src/adapters/redis/control/breakers.ts";
import { redisBudgets } from "../../../src/adapters/redis/control/budgets.ts";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";
import { redisJournal } from "../../../src/adapters/redis/journal.ts";
import { redisOrders } from "../../../src/adapters/redis/control/orders.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { Consultation } from "../../../src/decide/consult.ts";
import { resolveRegion } from "../../../src/decide/resolve.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import type { ForgeDouble } from "../../../src/demo/outside/forge.ts";
import { startForgejoDouble } from "../../../src/demo/outside/forgejo/double.ts";
import { startPagureDouble, type PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import type { ForgeName } from "../../../src/demo/service-config.ts";
import { DEFAULT_POLICY, type Policy } from "../../../src/domain/compose/classify.ts";
import type { BudgetLimits } from "../../../src/domain/limits/budget.ts";
import { batchOf } from "../../../src/domain/limits/pace.ts";
import { DEFAULT_TITLE } from "../../../src/domain/report/report.ts";
import type { Instant } from "../../../src/domain/time.ts";
import { ingest, type Ingested, type Ingester } from "../../../src/hear/ingest.ts";
import type { Clerk } from "../../../src/operate/orders.ts";
import type { Budgets, Clock, ComposeSource, Heard, Images, Message, Reports } from "../../../src/ports/index.ts";
import type { Reporter } from "../../../src/tell/reporter.ts";
import { NO_METER, type Log, type Meter } from "../../../src/ports/index.ts";
import { reportOnce } from "../../../src/tell/report.ts";
import { silentLog } from "../run/log.ts";
import { openTestRedis } from "../servers/redis/redis.ts";
import { SettableClock, withClock } from "./clock.ts";
import { ACCOUNT, GUARDS, PERIODS } from "./image.ts";
import { openForgejo, openPagure, type ForgeOptions } from "../outside/adapters.ts";

export { PERIODS };

export const START: Instant = Date.parse("2026-11-24T08:00:00Z");
export const REGION = "us-east-1";

/** Of EC2's token buckets. */
const SHARE = 0.5;
/** Jitter takes nothing away: pauses are as the tables say. */
const whole = (): number => 1;
const PLENTY: BudgetLimits = { maxDeletesPerDay: 100_000, maxPrivatePerDay: 100_000, maxShareOfRegion: 1 };

/** A reporter to the public, as it is configured when nothing is said. */
export const REPORTER_DEFAULTS = {
  isPublic: true,
  title: DEFAULT_TITLE,
  mostBytes: 60_000,
  stoppages: () => Promise.resolve([]),
} satisfies Partial<Reporter>;

/** The whole service but for the bus: real Redis, EC2 and Pagure doubles, and a clock that the test moves. */
export interface World {
  readonly clock: SettableClock;
  readonly connection: RedisConnection;
  readonly simulator: Ec2Simulator;
  /** EC2 past the breakers. */
  readonly ec2: Images;
  readonly pagure: PagureDouble;
  /** Where the reports go: Pagure's double, if nothing else is asked for. */
  readonly forge: ForgeDouble;
  readonly ingester: Ingester;
  readonly ticker: Ticker;
  readonly reporter: Reporter;
  readonly clerk: Clerk;
  readonly budgets: Budgets;
  hear(topic: string, body: object | string, sentAt?: Instant): Promise<Ingested>;
  tick(region?: string): Promise<TickCounts>;
  /** One pass over the unresolved images; resolves to how many were decided. */
  resolve(region?: string): Promise<number>;
  report(): Promise<{ posted: number; noticed: number }>;
  /** Every text that the public can read. */
  posts(): string[];
  events(region?: string): Promise<string[]>;
}

export async function openWorld(
  test: Pick<Test, "teardown">,
  options: {
    readonly sources?: readonly ComposeSource[];
    readonly policy?: Policy;
    readonly budgets?: BudgetLimits;
    /** Told what is met in Redis. */
    readonly log?: Log;
    /** The test run's, when none is given. */
    readonly redisUrl?: string;
    /** How long EC2's whole answer may take, in real milliseconds. */
    readonly answerWithinMs?: number;
    /** Where the reports go. */
    readonly forge?: ForgeName;
    /** Counts what is done. */
    readonly meter?: Meter;
  } = {},
): Promise<World> {
  const clock = new SettableClock(START);
  const { meter = NO_METER } = options;
  const connection = await openTestRedis(test, options.redisUrl, options.log);
  const simulator = await startEc2Simulator({ now: clock.now, accounts: { AKIDTEST: { id: ACCOUNT } } });
  const pagure = await startPagureDouble({ now: clock.now });
  pagure.tracker.setProject("ami-reports", {});
  pagure.setToken("test-token", { user: "bot" });
  const { forge, reports } = options.forge === "forgejo" ? await openForgejoWorld(test, clock) : pagureOf(pagure);
  const images = openImages({
    endpoint: simulator.url,
    log: silentLog,
    credentials: { accessKeyId: "AKIDTEST", secretAccessKey: "secret" },
    role: null,
    share: SHARE,
    random: whole,
    clock,
    ...(options.answerWithinMs !== undefined && { answerWithinMs: options.answerWithinMs }),
    meter,
  });
  test.teardown(async () => {
    images.close();
    await simulator.close();
    await pagure.close();
  });
  const schedule = withClock(redisSchedule(connection, clock, PERIODS), clock);
  const facts = redisFacts(connection);
  const base = {
    schedule,
    facts,
    orders: redisOrders(connection),
    clock,
    log: silentLog,
    meter,
    periods: PERIODS,
    policy: options.policy ?? DEFAULT_POLICY,
    random: whole,
  };
  const consultation = new Consultation({ ...base, sources: options.sources ?? [] });
  const ingester: Ingester = { ...base, rejected: redisRejected(connection), environments: ["prod"] };
  const budgets = redisBudgets(connection, options.budgets ?? PLENTY);
  const breakers = redisBreakers(connection);
  const regions = new RegionBreakers({ breakers, clock, log: silentLog, account: ACCOUNT, random: whole });
  const ticker: Ticker = {
    ...base,
    budgets,
    images: regions.watch(images),
    breakers: regions,
    batch: () => batchOf(PERIODS.leaseMs, SHARE),
    consultation,
    listen: () => Promise.resolve(hearsAll(clock)),
    guards: GUARDS,
    usage: null,
    act: "delete",
  };
  const journal = redisJournal(connection, options.forge ?? "pagure", silentLog);
  const reporter: Reporter = { ...base, journal, reports, ...REPORTER_DEFAULTS };
  return {
    clock,
    connection,
    simulator,
    ec2: images,
    pagure,
    forge,
    ingester,
    ticker,
    reporter,
    clerk: base,
    budgets,
    hear: (topic, body, sentAt = clock.now()) => ingest(messageOf(topic, body, sentAt, clock.now()), ingester),
    tick: (region = REGION) => tickRegion(region, ticker),
    resolve: (region = REGION) => resolveRegion(region, ticker),
    report: () => reportOnce(reporter),
    posts: () =>
      forge.tracker
        .issues(PROJECTS[options.forge ?? "pagure"])
        .flatMap((issue) => [issue.content, ...issue.comments.map((comment) => comment.text)]),
    events: async (region = REGION) => {
      const entries = await connection.redis.xrange(connection.keys.events(region), "-", "+");
      return entries.map(([, fields]) => fields[1] ?? "");
    },
  };
}

/** All was heard until now, and Redis loses nothing. */
export function hearsAll(clock: Pick<Clock, "now">): Heard {
  return { until: clock.now(), deafness: null, lateSince: null, isStill: () => Promise.resolve(true) };
}

/** The reports' project in each forge, the bot's token is "test-token". */
export const PROJECTS: Readonly<Record<ForgeName, string>> = { pagure: "ami-reports", forgejo: "releng/ami-reports" };

/** How the reports get to a forge. */
interface Reporting {
  readonly forge: ForgeDouble;
  readonly reports: Reports;
}

function pagureOf(forge: PagureDouble): Reporting {
  return { forge, reports: openPagure(accessTo(forge, "pagure")) };
}

export async function openForgejoWorld(test: Pick<Test, "teardown">, { now }: Pick<Clock, "now">): Promise<Reporting> {
  const forge = await startForgejoDouble({ now });
  test.teardown(() => forge.close());
  forge.tracker.setProject(PROJECTS.forgejo, { writers: ["bot"] });
  forge.setToken("test-token", { user: "bot" });
  return { forge, reports: openForgejo(accessTo(forge, "forgejo")) };
}

/** The access of the world's reports, and of whoever reads their comments. */
export function accessTo({ url }: Pick<ForgeDouble, "url">, forge: ForgeName): ForgeOptions {
  const repo = PROJECTS[forge];
  return { url, repo, tags: ["clean-amis"], token: "test-token", userAgent: "test", timeoutMs: 60_000 };
}

let messages = 0;

function messageOf(event: string, body: object | string, sentAt: Instant, arrivedAt: Instant): Message {
  messages += 1;
  return {
    topic: `org.fedoraproject.prod.${event}`,
    messageId: `message-${messages}`,
    headers: { "sent-at": new Date(sentAt).toISOString() },
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    arrivedAt,
  };
}

/** A nightly with one image of two snapshots in a region, in EC2 since `createdAt`, and the message that announces it. */
export interface Nightly {
  readonly amiId: string;
  readonly composeId: string;
  readonly snapshotIds: readonly string[];
  readonly message: object;
}

export const UPLOADER = "fedora_image_uploader.published.v1.aws.rawhide.Cloud_Base.x86_64";

/** `number` tells one from another: 1 to 9. */
export function addNightly(world: World, number = 1, region = REGION): Nightly {
  const composeId = `Fedora-Rawhide-2026112${number}.n.0`;
  const amiId = `ami-0000000000000000${number}`;
  const snapshotIds = [`snap-0000000000000000${number}`, `snap-1000000000000000${number}`];
  const name = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-2026112${number}.0`;
  world.simulator.addImage(region, {
    id: amiId,
    name,
    snapshots: snapshotIds.map((id) => ({ id, isPublic: true })),
  });
  const message = { architecture: "x86_64", compose_id: composeId, image_name: name, regions: { [region]: amiId } };
  return { amiId, composeId, snapshotIds, message };
}
