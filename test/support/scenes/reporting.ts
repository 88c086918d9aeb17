import type { Test } from "tap";
import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import { redisJournal } from "../../../src/adapters/redis/journal.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import type { ForgeDouble } from "../../../src/demo/outside/forge.ts";
import { startForgejoDouble } from "../../../src/demo/outside/forgejo/double.ts";
import {
  startPagureDouble,
  type PagureDouble,
  type PagureDoubleOptions,
} from "../../../src/demo/outside/pagure/double.ts";
import type { ForgeName } from "../../../src/demo/service-config.ts";
import { DEFAULT_POLICY } from "../../../src/domain/compose/classify.ts";
import type { Image } from "../../../src/domain/image/image.ts";
import { draft } from "../../../src/domain/image/lifecycle.ts";
import type { Log } from "../../../src/ports/index.ts";
import type { Reporter } from "../../../src/tell/reporter.ts";
import { reportOnce, type Reported } from "../../../src/tell/report.ts";
import { REPORTER_TOKEN } from "../run/secrets.ts";
import { silentLog } from "../run/log.ts";
import { openTestRedis } from "../servers/redis/redis.ts";
import { SettableClock, withClock } from "../world/clock.ts";
import { PERIODS } from "../world/image.ts";
import { REPORTER_DEFAULTS } from "../world/world.ts";
import { openForgejo, openPagure } from "../outside/adapters.ts";

export const REPO = "ami-reports";
const FORGEJO_REPO = "releng/ami-reports";
/** Shall stand in nothing that is logged, thrown, stored or posted. */
export const TOKEN = REPORTER_TOKEN;
export const START = Date.parse("2026-11-24T08:00:00Z");

/** The reporter alone, over a real Redis and the Pagure double, with a clock that the test moves. */
export interface Reporting {
  readonly clock: SettableClock;
  readonly connection: RedisConnection;
  readonly pagure: PagureDouble;
  /** Where the reports go: Pagure's double, if nothing else is asked for. */
  readonly forge: ForgeDouble;
  readonly reporter: Reporter;
  /** What of Redis could not be read, a line an entry. */
  readonly alarms: string[];
  /** Everything that was logged, a line an entry. */
  readonly logged: string[];
  readonly report: (change?: Partial<Reporter>) => Promise<Reported>;
  /** Makes so many images of a compose private, and resolves to their ids. */
  readonly makePrivate: (count: number, where?: Where) => Promise<string[]>;
  /** What the public can read: each issue's text and its comments. */
  readonly posts: () => string[];
  /** How many posts name the id. */
  readonly sightings: (amiId: string) => number;
  readonly image: (amiId: string, region?: string) => Promise<Image | null>;
}

interface Where {
  readonly region?: string;
  readonly composeId?: string;
}

export async function openReporting(
  test: Test,
  {
    timeoutMs = 60_000,
    forge: kind = "pagure",
    ...options
  }: PagureDoubleOptions & { readonly timeoutMs?: number; readonly forge?: ForgeName } = {},
): Promise<Reporting> {
  const clock = new SettableClock(START);
  const alarms: string[] = [];
  const error: Log["error"] = (data, message) => {
    alarms.push(`${message} ${JSON.stringify(data)}`);
  };
  const connection = await openTestRedis(test, undefined, { ...silentLog, error });
  const pagure = await startPagureDouble({ now: clock.now, ...options });
  test.teardown(() => pagure.close());
  pagure.tracker.setProject(REPO, {});
  pagure.setToken(TOKEN, { user: "bot" });
  const logged: string[] = [];
  const log = keepingLog(logged);
  const schedule = withClock(redisSchedule(connection, clock, PERIODS), clock);
  const journal = redisJournal(connection, kind, log);
  const access = { tags: ["clean-amis"], token: TOKEN, userAgent: "test", timeoutMs, log };
  const forge: ForgeDouble = kind === "pagure" ? pagure : await startForgejo(test, clock.now);
  const repo = kind === "pagure" ? REPO : FORGEJO_REPO;
  const reports = (kind === "pagure" ? openPagure : openForgejo)({ ...access, url: forge.url, repo });
  const given = { schedule, journal, reports, log, periods: PERIODS, policy: DEFAULT_POLICY };
  const reporter: Reporter = { ...given, ...REPORTER_DEFAULTS };
  const posts = (): string[] =>
    forge.tracker.issues(repo).flatMap(({ content, comments }) => [content, ...comments.map(({ text }) => text)]);
  let images = 0;
  return {
    clock,
    connection,
    pagure,
    forge,
    reporter,
    alarms,
    logged,
    posts,
    report: (change = {}) => reportOnce({ ...reporter, ...change }),
    makePrivate: async (count, { region = "us-east-1", composeId = "Fedora-Rawhide-20261119.n.0" } = {}) => {
      const amiIds: string[] = [];
      for (let number = 0; number < count; number += 1) {
        images += 1;
        const amiId = `ami-${String(images).padStart(17, "0")}`;
        amiIds.push(amiId);
        await makePrivate({ ...reporter, clock }, { region, composeId, amiId });
      }
      return amiIds;
    },
    sightings: (amiId) => posts().filter((text) => text.includes(amiId)).length,
    image: (amiId, region = "us-east-1") => schedule.get(region, amiId),
  };
}

async function startForgejo(test: Test, now: () => number): Promise<ForgeDouble> {
  const forge = await startForgejoDouble({ now });
  test.teardown(() => forge.close());
  forge.tracker.setProject(FORGEJO_REPO, { writers: ["bot"] });
  forge.setToken(TOKEN, { user: "bot" });
  return forge;
}

async function makePrivate(
  { schedule, clock }: Pick<Reporter, "schedule"> & { readonly clock: SettableClock },
  { region, composeId, amiId }: { readonly region: string; readonly composeId: string; readonly amiId: string },
): Promise<void> {
  const imageName = `Fedora-Cloud-Base-AmazonEC2.x86_64-${composeId.replace("Fedora-", "").replace(".n.", ".")}`;
  const uploadedAt = clock.now() - PERIODS.privateAfterMs;
  const reason = "a nightly compose";
  await schedule.add(
    { region, amiId, composeId, imageName, arch: "x86_64", uploadedAt },
    { kind: "delete", rule: "nightly", reason },
    "ingest",
  );
  const image = await schedule.get(region, amiId);
  if (image === null) throw new Error(`${amiId} was not added`);
  const details = { ec2_name: imageName, gib: "5", snapshots: "1" };
  const madePrivateAt = clock.now();
  const takenAway = { image: true, snapshots: [] };
  await schedule.change(image, {
    stage: "private",
    wait: null,
    fields: { madePrivateAt, takenAway },
    event: draft("made-private", madePrivateAt, "ticker", reason, details),
  });
}

function keepingLog(lines: string[]): Log {
  const keep =
    (level: string) =>
    (data: object, message: string): void => {
      lines.push(`${level} ${message} ${JSON.stringify(data)}`);
    };
  return { debug: keep("debug"), info: keep("info"), warn: keep("warn"), error: keep("error") };
}
