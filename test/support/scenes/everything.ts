import { listenTo } from "../../../src/hear/hearing.ts";
import { redisCheckup } from "../../../src/adapters/redis/checkup.ts";
import { redisComments } from "../../../src/adapters/redis/comments.ts";
import { redisBreakers } from "../../../src/adapters/redis/control/breakers.ts";
import { redisGuardRounds } from "../../../src/adapters/redis/control/guard.ts";
import { redisHearing } from "../../../src/adapters/redis/control/hearing.ts";
import { redisPulse } from "../../../src/adapters/redis/control/pulse.ts";
import { redisCounts } from "../../../src/adapters/redis/images/counts.ts";
import { redisNames } from "../../../src/adapters/redis/images/names.ts";
import { redisPlaces } from "../../../src/adapters/redis/images/places.ts";
import { redisQueues } from "../../../src/adapters/redis/images/queues.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { guardReleased, type Guardian } from "../../../src/act/asking/guardian.ts";
import { tickRegion } from "../../../src/act/tick.ts";
import { resolveRegion } from "../../../src/decide/resolve.ts";
import { checkStore } from "../../../src/doctor/redis.ts";
import { isForeign, orUnreadable, RefusedError, UpstreamError } from "../../../src/errors.ts";
import type { Listener } from "../../../src/hear/catch-up.ts";
import { explainAmi, explainCompose } from "../../../src/inspect/explain.ts";
import { listQueues } from "../../../src/inspect/queue.ts";
import { readStats } from "../../../src/inspect/stats.ts";
import { NoticePages } from "../../../src/operate/notices/pages.ts";
import { readComments, type CommentReader } from "../../../src/operate/comments.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import { reconcile } from "../../../src/operate/reconcile.ts";
import { reportOnce } from "../../../src/tell/report.ts";
import { silentLog } from "../run/log.ts";
import { catchUp } from "./hearing/hearing.ts";
import type { Datagrepper } from "./reconcile.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { keeperOver } from "../world/keeper.ts";
import type { World } from "../world/world.ts";
import { openPagureComments } from "../outside/adapters.ts";

/** What a pass of every loop ended with, beside its work. */
export interface Passed {
  /** Failures that the service's loops survive, one line each. */
  readonly failures: string[];
  /** Whatever would end the service. */
  readonly bugs: string[];
  /** What doctor found. */
  readonly findings: string[];
}

const ALL = { regions: null, stages: null, composeId: null, dueBy: null, isHeld: false, isRefused: true } as const;

/** Every loop and every question of the service, each once, over one world. */
export function everythingOf(world: World, datagrepper: Datagrepper) {
  const { connection, clock, ticker, ingester, reporter, clerk, budgets } = world;
  const { schedule, facts } = ingester;
  const hearing = redisHearing(connection, silentLog);
  const memory = redisComments(connection, "pagure");
  const places = redisPlaces(connection, clock, ticker.periods);
  const queues = redisQueues(connection);
  const counts = redisCounts(connection);
  const names = redisNames(connection);
  const keeper = keeperOver(connection, clock);
  const listener: Listener = {
    archive: datagrepper.archive,
    ingester,
    hearing,
    log: silentLog,
    firstBackfillMs: 2 * DAY_MS,
  };
  const comments = openPagureComments({
    url: world.pagure.url,
    repo: "ami-reports",
    token: "test-token",
    userAgent: "test",
    timeoutMs: 60_000,
  });
  const commentReader: CommentReader = {
    ...clerk,
    hearing,
    notices: new NoticePages({ ...clerk, journal: reporter.journal, log: silentLog }),
    comments,
    memory,
    operators: [],
    team: null,
    mostPerDay: 20,
    mostBytes: 60_000,
    failed: new Set(),
  };
  const { images, breakers, guards } = ticker;
  const rounds = redisGuardRounds(connection);
  const guardian: Guardian = { schedule, images, breakers, rounds, guards, log: silentLog, warnBeforeMs: DAY_MS };
  const listen = listenTo(hearing, memory);
  const tick = { ...ticker, listen };
  const { journal } = reporter;
  const store = {
    ...redisCheckup(connection),
    refusedDurability: () => Promise.resolve(null),
    ...{ schedule, queues, places, journal, listen, budgets },
    strangeThings: () => connection.strangers.list(),
    busJournal: null,
  };
  const records = {
    ...{ queues, counts, schedule, facts, journal, listen, budgets, policy: ticker.policy },
    breakers: redisBreakers(connection),
    pulse: redisPulse(connection),
    rejected: redisRejected(connection),
    orders: clerk.orders,
    busJournal: null,
  };

  /** `asked`: an AMI and a compose about which somebody asks. */
  async function pass(regions: readonly string[], asked: readonly [amiId: string, composeId: string]): Promise<Passed> {
    const passed: Passed = { failures: [], bugs: [], findings: [] };
    const survive = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        const isSurvived = error instanceof UpstreamError || error instanceof RefusedError;
        if (isSurvived) passed.failures.push(`${name}: ${error.message}`);
        else passed.bugs.push(`${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        // A person's question that fails because of one key is told in one sentence; a failure that would pass never ends.
        if (error instanceof UpstreamError && !isForeign(error))
          passed.bugs.push(`${name} waits for ever: ${error.message}`);
      }
    };
    await survive("orders", () => carryOutOrders(clerk));
    await survive("hearing", () => catchUp(listener));
    await survive("comments", () => readComments(commentReader));
    for (const region of regions) {
      await survive("resolve", () => orUnreadable(() => resolveRegion(region, tick), 0, tick));
      await survive("tick", () => tickRegion(region, tick));
    }
    await survive("guard", () => guardReleased(guardian));
    await survive("report", () => reportOnce(reporter));
    await survive("pulse", () => records.pulse.beat("test", clock.now(), { tick: clock.now() }));
    const reconciler = { ...ticker, ...ingester, places, counts, archive: null, isApplied: false };
    await survive("reconcile", () => reconcile(regions, reconciler, () => Promise.resolve()));
    await survive("explain", () => explainAmi(asked[0], { ...records, now: () => clock.now() }));
    await survive("explain", () => explainCompose(asked[1], records));
    await survive("queue", async () => {
      for await (const piece of listQueues(ALL, records, () => undefined)) if (piece.length < 0) return;
    });
    await survive("stats", () => readStats(clock.now(), records, () => undefined));
    await survive("search", () => names.search(asked[1], 10));
    await survive("doctor", async () => {
      const config = {
        act: "delete",
        announce: null,
        reportEveryMs: DAY_MS,
        sources: { datagrepper: "x", composeHost: null },
        redis: { durability: "received" },
      } as const;
      const found = await checkStore({ config, now: clock.now, store: () => Promise.resolve(store) });
      passed.findings.push(...found.filter(({ state }) => state !== "ok").map(({ message }) => message));
    });
    return passed;
  }
  return { pass, keeper, places };
}
