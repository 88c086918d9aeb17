import t, { type Test } from "tap";
import { RegionBreakers } from "../../../src/act/breakers.ts";
import { tickRegion } from "../../../src/act/tick.ts";
import { openImages } from "../../../src/adapters/ec2/images.ts";
import { redisComments } from "../../../src/adapters/redis/comments.ts";
import { redisBreakers } from "../../../src/adapters/redis/control/breakers.ts";
import { redisHearing } from "../../../src/adapters/redis/control/hearing.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../../../src/domain/time.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { HearingRounds } from "../../../src/hear/hearing-rounds.ts";
import { listenTo } from "../../../src/hear/hearing.ts";
import { readComments, type CommentReader } from "../../../src/operate/comments.ts";
import { NoticePages } from "../../../src/operate/notices/pages.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import type { Clock } from "../../../src/ports/index.ts";
import { reportOnce } from "../../../src/tell/report.ts";
import { silentLog } from "../../support/run/log.ts";
import { deregisteredAt } from "../../support/scenes/proof.ts";
import { openDatagrepperOf, type Datagrepper } from "../../support/scenes/reconcile.ts";
import { ACCOUNT } from "../../support/world/image.ts";
import { until } from "../../support/servers/broker/bus.ts";
import { openReplica } from "../../support/world/replica.ts";
import { addNightly, openWorld, PERIODS, REGION, START, UPLOADER, type World } from "../../support/world/world.ts";
import { openPagureComments } from "../../support/outside/adapters.ts";

t.setTimeout(600_000);
t.jobs = 3;

const PROJECT = "ami-reports";
const PLENTY = { maxDeletesPerDay: 1000, maxPrivatePerDay: 1000, maxShareOfRegion: 1 };

/** How wrong the clocks of the process and of Redis are, in milliseconds. */
interface Off {
  own: number;
  redis: number;
}

/** A whole process over the world: it hears, carries out orders, ticks and reports; its own clock and Redis' may be wrong. */
async function openProcess(test: Test, world: World, datagrepper: Datagrepper, off: Off) {
  const moving = (ms: () => number): Clock => ({
    now: () => world.clock.now() + ms(),
    sleep: (sleepMs) => world.clock.sleep(sleepMs),
  });
  const [clock, redisClock] = [moving(() => off.own), moving(() => off.redis)];
  const replica = await openReplica(test, world, { clock, redisClock, periods: PERIODS, budgets: PLENTY });
  const images = openImages({
    endpoint: world.simulator.url,
    log: silentLog,
    credentials: { accessKeyId: "AKIDTEST", secretAccessKey: "secret" },
    role: null,
    share: 0.5,
    clock,
  });
  test.teardown(() => {
    images.close();
  });
  const random = (): number => 1;
  const breakers = new RegionBreakers({
    breakers: redisBreakers(replica.connection),
    clock,
    log: silentLog,
    account: ACCOUNT,
    random,
  });
  const hearing = redisHearing(replica.connection, silentLog);
  const memory = redisComments(replica.connection, "pagure");
  const listen = listenTo(hearing, memory);
  const { schedule } = replica.ticker;
  const archive = datagrepper.archive;
  const listener = {
    archive,
    ingester: replica.ingester,
    hearing,
    log: silentLog,
    firstBackfillMs: 17 * DAY_MS,
  };
  const rounds = new HearingRounds({
    hearing,
    schedule,
    log: silentLog,
    listen,
    listener,
    everyMs: 30 * MINUTE_MS,
    random: () => 0,
  });
  const access = { url: world.pagure.url, repo: PROJECT, token: "test-token", userAgent: "test", timeoutMs: 60_000 };
  const reader: CommentReader = {
    ...replica.clerk,
    comments: openPagureComments(access),
    memory,
    hearing,
    notices: new NoticePages({ ...replica.clerk, journal: replica.reporter.journal }),
    operators: [],
    team: null,
    mostPerDay: 20,
    mostBytes: 60_000,
    failed: new Set(),
  };
  const ticker = { ...replica.ticker, images: breakers.watch(images), breakers, listen };
  const refused = async (work: Promise<unknown>): Promise<void> => {
    await work.catch((error: unknown) => {
      if (!(error instanceof UpstreamError)) throw error;
    });
  };
  const lease = replica.connection.keys.control("ears:lease");
  const hear = async (): Promise<void> => {
    // An answer of Redis that came too late can leave a lease to nobody: it runs out.
    while ((await rounds.pass()) === "elsewhere")
      await until("the lease has run out", async () => (await replica.connection.redis.exists(lease)) === 0);
  };
  const pass = async (): Promise<void> => {
    await refused(hear());
    await refused(carryOutOrders(replica.clerk));
    await refused(readComments(reader));
    await refused(tickRegion(REGION, ticker));
    await refused(reportOnce(replica.reporter));
  };
  return { clock, clerk: replica.clerk, pass };
}

/** When the clocks jump, in days after the upload. */
const PHASES: Readonly<Record<string, number>> = {
  "right after the upload": 0.1,
  "when it comes due to be private": 5,
  "when it is private and was told to nobody": 5.5,
  "when it is private and told": 7,
  "when it comes due to be deleted": 15.05,
};

/** How far they jump, and come back after some hours. */
const JUMPS: Readonly<Record<string, Off>> = Object.fromEntries(
  [30, -30].flatMap((days) => {
    const where = days > 0 ? "ahead" : "back";
    const ms = days * DAY_MS;
    return [
      [`the service's clock jumps a month ${where}`, { own: ms, redis: 0 }],
      [`Redis' clock jumps a month ${where}`, { own: 0, redis: ms }],
      [`both clocks jump a month ${where}`, { own: ms, redis: ms }],
    ];
  }),
);

/** Played in each run of the tests (CHAOS_JUMPS=all: every one): each kind of jump, each phase. */
const FEW: readonly (readonly [keyof typeof JUMPS, keyof typeof PHASES])[] = [
  ["the service's clock jumps a month ahead", "when it comes due to be private"],
  ["Redis' clock jumps a month ahead", "when it is private and told"],
  ["both clocks jump a month ahead", "when it is private and was told to nobody"],
  ["both clocks jump a month ahead", "when it is private and told"],
  ["the service's clock jumps a month back", "right after the upload"],
  ["Redis' clock jumps a month back", "when it comes due to be deleted"],
  ["both clocks jump a month back", "when it is private and told"],
];
const isLong = process.env["CHAOS_JUMPS"] === "all";
const isPlayed = (how: string, when: string): boolean =>
  isLong || FEW.some(([one, phase]) => one === how && phase === when);

/** Days on which there are passes, three hours after one another. */
const DAYS = [0, 5, 5.2, 9, 14.5, 15.4, 16, 26, 36, 47, 55];

for (const [how, jump] of Object.entries(JUMPS))
  for (const [when, day] of Object.entries(PHASES).filter(([when]) => isPlayed(how, when)))
    t.test(`${how} ${when}, and comes back: nothing is early, and nothing said meanwhile is lost`, async (t) => {
      const world = await openWorld(t);
      const datagrepper = await openDatagrepperOf(t, world);
      const off: Off = { own: 0, redis: 0 };
      const { clock, clerk, pass } = await openProcess(t, world, datagrepper, off);
      const [plain, released, held, wanted] = [1, 2, 3, 4].map((number) => addNightly(world, number));
      for (const nightly of [plain, released, held, wanted]) datagrepper.add(UPLOADER, nightly?.message ?? {}, START);
      const goTo = (at: Instant): void => {
        world.clock.advance(at - world.clock.now());
      };
      const passes = async (): Promise<void> => {
        for (let count = 0; count < 2; count += 1) {
          await pass();
          world.clock.advance(3 * HOUR_MS);
        }
      };
      const jumpAt = START + day * DAY_MS;
      const down = { kind: "answer", status: 503, body: "down" } as const;
      const lift = when.endsWith("nobody") ? world.pagure.fail({ times: Infinity, trouble: down }) : () => undefined;
      for (const at of DAYS.map((each) => START + each * DAY_MS).filter((each) => each < jumpAt)) {
        goTo(at);
        await passes();
      }
      goTo(jumpAt);
      lift();
      Object.assign(off, jump);
      // To a clock that is ahead, all the world's are behind.
      world.simulator.tellTime(() => Date.now() - off.own);
      datagrepper.add("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: released?.composeId } }, jumpAt);
      const hold = {
        verb: "hold",
        by: "relengbot",
        why: "in use",
        until: null,
        at: clock.now(),
        composeId: null,
      } as const;
      await clerk.orders.add({ ...hold, images: [{ region: REGION, amiId: held?.amiId ?? "" }] });
      const { tracker } = world.pagure;
      const isTold = tracker.issues(PROJECT).length > 0;
      if (isTold) tracker.comment(PROJECT, 1, "somebody", `hold ${wanted?.amiId ?? ""}`);
      await passes();
      Object.assign(off, { own: 0, redis: 0 });
      for (const at of DAYS.map((each) => START + each * DAY_MS).filter((each) => each > world.clock.now())) {
        goTo(at);
        await passes();
      }
      for (const each of [released, held, ...(isTold ? [wanted] : [])])
        t.equal(deregisteredAt(world, REGION, each?.amiId ?? ""), null, "what was said is heard in the end");
      t.equal(world.simulator.image(REGION, released?.amiId ?? "")?.permission.isPublic, true);
      const closed = world.simulator.journal
        .of("ModifyImageAttribute")
        .find(({ resources, effect }) => effect !== null && resources.includes(plain?.amiId ?? ""));
      t.ok((closed?.at ?? 0) >= START + PERIODS.privateAfterMs, "not private before its days are over");
      const post = world.pagure.journal.find(
        ({ created, form }) => created !== null && JSON.stringify(form).includes("Made private"),
      );
      const deletedAt = deregisteredAt(world, REGION, plain?.amiId ?? "") ?? 0;
      t.ok(deletedAt > 0, "deleted in the end");
      t.ok(deletedAt >= (post?.at ?? Infinity) + PERIODS.deleteAfterMs, "not before the public's days are over");
    });
