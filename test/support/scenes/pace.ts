import type { Test } from "tap";
import { RegionBreakers } from "../../../src/act/breakers.ts";
import { RegionPasses } from "../../../src/act/passes.ts";
import { openImages } from "../../../src/adapters/ec2/images.ts";
import { redisBreakers } from "../../../src/adapters/redis/control/breakers.ts";
import { redisOrders } from "../../../src/adapters/redis/control/orders.ts";
import { redisBudgets } from "../../../src/adapters/redis/control/budgets.ts";
import { redisFacts } from "../../../src/adapters/redis/facts.ts";
import { redisRejected } from "../../../src/adapters/redis/rejected.ts";
import { redisSchedule } from "../../../src/adapters/redis/images/schedule.ts";
import { runLoop } from "../../../src/app/life/loop.ts";
import { Outages } from "../../../src/app/life/outages.ts";
import { Consultation } from "../../../src/decide/consult.ts";
import { startEc2Simulator, type Ec2Simulator } from "../../../src/demo/outside/ec2/simulator.ts";
import { DEFAULT_POLICY } from "../../../src/domain/compose/classify.ts";
import { batchOf } from "../../../src/domain/limits/pace.ts";
import { DAY_MS, type Instant } from "../../../src/domain/time.ts";
import { ingest } from "../../../src/hear/ingest.ts";
import { NO_METER, type Breakers, type Message, type Schedule } from "../../../src/ports/index.ts";
import { silentLog } from "../run/log.ts";
import { openTestRedis } from "../servers/redis/redis.ts";
import { withClock } from "../world/clock.ts";
import { ACCOUNT, GUARDS } from "../world/image.ts";
import { VirtualClock } from "../world/virtual-clock.ts";
import { hearsAll, PERIODS, START } from "../world/world.ts";

/** Those that Fedora's images are copied to, and a few more. */
export const REGIONS = [
  ...["af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1"],
  ...["ap-southeast-2", "ap-southeast-3", "ca-central-1", "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1"],
  ...["eu-west-2", "eu-west-3", "me-south-1", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"],
];

/** Images that are entered side by side. */
const AT_ONCE = 250;

export interface PaceScene {
  readonly clock: VirtualClock;
  readonly simulator: Ec2Simulator;
  readonly schedule: Schedule;
  readonly breakers: Breakers;
  readonly passes: RegionPasses;
  /** How many claims ended in which outcome, over all replicas. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Passes over all regions, `everyMs` apart, until `isOver` says so, asked before each pass; and until the last has ended. */
  run(everyMs: number, isOver: () => boolean): Promise<void>;
}

/** EC2 as an adapter that keeps to its share; it is closed with the simulator when the test ends. */
export function openPaced(
  test: Test,
  simulator: Ec2Simulator,
  share: number,
  clock: VirtualClock,
  replicas = 1,
): ReturnType<typeof openImages> {
  const images = openImages({
    endpoint: simulator.url,
    role: null,
    share,
    replicas: () => replicas,
    log: silentLog,
    clock: clock.within,
    credentials: { accessKeyId: "AKIDTEST", secretAccessKey: "secret" },
  });
  test.teardown(async () => {
    images.close();
    await simulator.close();
  });
  return images;
}

/**
 * Redis, a simulator with EC2's own buckets, the real EC2 adapter and the ticker, or several of them that share it, all on one
 * virtual clock, which begins at `START`.
 */
export async function openPaceScene(
  test: Test,
  { share = 0.5, replicas = 1 } = {},
): Promise<PaceScene & { fill: Fill }> {
  const clock = new VirtualClock(START);
  const connection = await openTestRedis(test);
  const accounts = { AKIDTEST: { id: ACCOUNT } };
  const simulator = await startEc2Simulator({ now: clock.now, accounts, throttling: true, regions: REGIONS });
  const schedule = clock.watch(withClock(redisSchedule(connection, clock, PERIODS), clock));
  const breakers = clock.watch(redisBreakers(connection));
  const facts = clock.watch(redisFacts(connection));
  const base = { schedule, facts, clock, log: silentLog, meter: NO_METER, periods: PERIODS, policy: DEFAULT_POLICY };
  const limits = { maxDeletesPerDay: 100_000, maxPrivatePerDay: 100_000, maxShareOfRegion: 1 };
  const outcomes: Record<string, number> = {};
  const openPasses = (): RegionPasses => {
    const regions = new RegionBreakers({ breakers, clock, log: silentLog, account: ACCOUNT, random: Math.random });
    const images = openPaced(test, simulator, share, clock, replicas);
    return new RegionPasses({
      ...base,
      meter: { act: (_, outcome) => (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1) },
      guards: GUARDS,
      usage: null,
      act: "private",
      breakers: regions,
      batch: () => batchOf(PERIODS.leaseMs, share / replicas),
      random: Math.random,
      images: clock.watch(regions.watch(images)),
      budgets: clock.watch(redisBudgets(connection, limits)),
      orders: clock.watch(redisOrders(connection)),
      consultation: new Consultation({ ...base, sources: [] }),
      listen: () => Promise.resolve(hearsAll(clock)),
    });
  };
  const passes = openPasses();
  const all = [passes, ...Array.from({ length: replicas - 1 }, openPasses)];
  const ingester = { ...base, rejected: redisRejected(connection), environments: ["prod"] };
  return {
    clock,
    simulator,
    schedule,
    breakers,
    passes,
    outcomes,
    fill: async (counts) => {
      const messages = addNightlies(simulator, counts);
      // All ten thousand at once wait longer for Redis than a busy machine has.
      for (let from = 0; from < messages.length; from += AT_ONCE)
        await Promise.all(messages.slice(from, from + AT_ONCE).map((message) => ingest(message, ingester)));
    },
    run: async (everyMs, isOver) => {
      const stop = new AbortController();
      let untilDueMs = everyMs;
      const pass = async (): Promise<void> => {
        if (isOver()) stop.abort();
        else {
          const started = await Promise.all(all.map((each) => each.start()));
          untilDueMs = Math.min(...started.map((each) => each.untilDueMs));
        }
      };
      const untilNextMs = (): number => untilDueMs;
      await runLoop(
        "ticker",
        everyMs,
        pass,
        { clock, outages: new Outages({ clock, log: silentLog }), untilNextMs },
        stop.signal,
      );
      await Promise.all(all.map((each) => each.idle()));
    },
  };
}

/** Puts so many nightlies, that are due since yesterday, into each region, and lets the service hear of them. */
type Fill = (counts: Readonly<Record<string, number>>) => Promise<void>;

/** Image number n of a region is the nth architecture and day: one compose for all regions. */
function addNightlies(simulator: Ec2Simulator, counts: Readonly<Record<string, number>>): Message[] {
  const uploadedAt: Instant = START - 6 * DAY_MS;
  const most = Math.max(...Object.values(counts));
  return Array.from({ length: most }, (_, number) => {
    const day = new Date(uploadedAt - number * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "");
    const imageName = `Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-${day}.0`;
    const here = Object.entries(counts).filter(([, count]) => number < count);
    const regions = here.map(([region]) => {
      const wanted = { name: imageName, createdAt: uploadedAt, snapshots: [{ isPublic: true }] };
      return [region, simulator.addImage(region, wanted).id] as const;
    });
    const body = {
      architecture: "x86_64",
      compose_id: `Fedora-Rawhide-${day}.n.0`,
      image_name: imageName,
      regions: Object.fromEntries(regions),
    };
    return {
      topic: "org.fedoraproject.prod.fedora_image_uploader.published.v1.aws.rawhide.Cloud_Base.x86_64",
      messageId: `message-${number}`,
      headers: { "sent-at": new Date(uploadedAt).toISOString() },
      body: Buffer.from(JSON.stringify(body)),
      arrivedAt: uploadedAt,
    };
  });
}
