import t, { type Test } from "tap";
import { tickRegion, type TickCounts } from "../../src/act/tick.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import { reportOnce } from "../../src/tell/report.ts";
import { CallCounter, type CrashPoint } from "../support/scenes/crash.ts";
import {
  addCompose,
  deregisteredAt,
  isWhollyPublic,
  lastNoticeBefore,
  orphans,
  sightings,
  tagsOf,
  told,
  type Upload,
} from "../support/scenes/proof.ts";
import { openReplica, type Replica } from "../support/world/replica.ts";
import { openWorld, PERIODS, UPLOADER, type World } from "../support/world/world.ts";

const REGIONS = ["ap-south-1", "eu-west-1", "us-east-1"];
const DAYS = ["20261119", "20261120", "20261121"];
/** An act of a dozen calls needs most of it. */
const LEASE_MS = 2 * MINUTE_MS;
const PLENTY = { maxDeletesPerDay: 1000, maxPrivatePerDay: 1000, maxShareOfRegion: 1 };
const MOST_ROUNDS = 60;

/**
 * Each call takes EC2 its time, before its effect or after; where it is rough, some take longer than a lease. Six passes at
 * once see the sum of all.
 */
function slowDown({ simulator, clock }: World, isRough: boolean): void {
  let calls = 0;
  const pass = async (): Promise<void> => {
    calls += 1;
    clock.advance(
      isRough && calls % 300 < 100 && calls % 31 === 0 ? 1.2 * LEASE_MS : ((calls * 7) % 10) * (SECOND_MS / 10),
    );
    // Others come to their calls meanwhile.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  for (const action of ["CreateTags", "DeleteSnapshot", "ModifySnapshotAttribute"])
    simulator.faults.add({ kind: "hold", until: pass, action, when: "after", times: Infinity });
  simulator.faults.add({ kind: "hold", until: pass, times: Infinity });
}

interface Crew {
  readonly world: World;
  readonly replicas: readonly [Replica, Replica];
  /** What the passes came to, over all of them. */
  readonly counts: TickCounts;
}

async function openCrew(test: Test, budgets = PLENTY): Promise<Crew> {
  const world = await openWorld(test);
  const periods = { ...PERIODS, leaseMs: LEASE_MS };
  const options = { clock: world.clock, redisClock: world.clock, periods, budgets };
  return {
    world,
    replicas: [await openReplica(test, world, options), await openReplica(test, world, options)],
    counts: {},
  };
}

/** Both processes at once: what people asked for, every region, and the report. */
async function round({ world, replicas, counts }: Crew): Promise<void> {
  await Promise.all(
    replicas.map(async (replica) => {
      await carryOutOrders(replica.clerk);
      const passes = await Promise.all(REGIONS.map((region) => tickRegion(region, replica.ticker)));
      for (const [outcome, count] of passes.flatMap((pass) => Object.entries(pass)))
        counts[outcome] = (counts[outcome] ?? 0) + count;
      await reportOnce(replica.reporter);
    }),
  );
  world.clock.advance(LEASE_MS / 2);
}

async function stagesOf({ connection }: World, uploads: readonly Upload[]): Promise<readonly string[]> {
  const stages = uploads.map(({ region, amiId }) =>
    connection.redis.hget(connection.keys.image(region, amiId), "stage"),
  );
  return (await Promise.all(stages)).map(String);
}

/** Rounds until every image stands there, and one more for the report. */
async function until(crew: Crew, uploads: readonly Upload[], stage: string): Promise<void> {
  for (let rounds = 0; rounds < MOST_ROUNDS; rounds += 1) {
    await round(crew);
    if ((await stagesOf(crew.world, uploads)).every((each) => each === stage)) break;
  }
  await round(crew);
}

async function hearAll({ world, replicas }: Crew): Promise<(readonly Upload[])[]> {
  const composes = DAYS.map((day) => addCompose(world, day, REGIONS));
  // Every message comes to both.
  for (const { message } of composes.flat()) await Promise.all(replicas.map(() => world.hear(UPLOADER, message)));
  return composes;
}

t.test(
  "two tickers whose leases run out in the middle of acts do each image once, tell it once, and nothing early",
  async (t) => {
    const crew = await openCrew(t);
    const { world, counts } = crew;
    const [deletable = [], released = [], held = []] = await hearAll(crew);
    const all = [...deletable, ...released, ...held];
    slowDown(world, true);
    world.clock.advance(5 * DAY_MS);
    await until(crew, all, "private");
    const order = { by: "relengbot", why: "still needed", until: null, at: world.clock.now(), composeId: null };
    await world.clerk.orders.add({ ...order, verb: "restore", images: held });
    await world.hear("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: released[0]?.composeId } });
    await until(crew, released, "kept");
    await until(crew, held, "held");
    world.clock.advance(10 * DAY_MS);
    await until(crew, deletable, "deleted");

    t.ok((counts["lost"] ?? 0) > 0, `leases did run out: ${JSON.stringify(counts)}`);
    const began = ["scheduled", "made-private", "noticed"];
    for (const { region, amiId } of deletable) {
      t.same(await told(world, region, amiId), [...began, "deleting", "deleted"], `${amiId} deleted`);
      t.equal(world.simulator.image(region, amiId)?.state, "deregistered");
      t.same([sightings(world, "Made private", amiId), sightings(world, "Deleted", amiId)], [1, 1], "told once each");
      const at = deregisteredAt(world, region, amiId) ?? 0;
      const noticed = lastNoticeBefore(world, amiId, at) ?? Infinity;
      t.ok(at - noticed >= PERIODS.deleteAfterMs, `deregistered ${(at - noticed) / DAY_MS} days after the notice`);
    }
    for (const { region, amiId } of [...released, ...held]) {
      t.same(await told(world, region, amiId), [...began, "restoring", "restored"], `${amiId} given back`);
      t.ok(isWhollyPublic(world, region, amiId), "public, and its snapshots");
      t.same(
        [sightings(world, "Made private", amiId), sightings(world, "Given back", amiId)],
        [1, 1],
        "told once each",
      );
    }
    for (const { region, amiId } of released) t.same(tagsOf(world, region, amiId), [], "no tag of ours is left");
    for (const { region, amiId } of held)
      t.same(tagsOf(world, region, amiId), ["clean-amis:hold"], "held in EC2 as well");
    t.same(
      REGIONS.flatMap((region) => orphans(world, region)),
      [],
      "no snapshot without its image",
    );
  },
);

t.test("two tickers at once never exceed the day's budgets between them", async (t) => {
  const crew = await openCrew(t, { maxDeletesPerDay: 4, maxPrivatePerDay: 5, maxShareOfRegion: 1 });
  const { world, replicas } = crew;
  const all = (await hearAll(crew)).flat();
  slowDown(world, false);
  const closed = (): Set<string> => {
    const calls = world.simulator.journal.of("ModifyImageAttribute");
    return new Set(calls.flatMap(({ effect, resources }) => (effect === null ? [] : resources)));
  };
  const gone = (): number => all.filter(({ region, amiId }) => deregisteredAt(world, region, amiId) !== null).length;
  const startOfDay = (): void => {
    world.clock.advance(DAY_MS - (world.clock.now() % DAY_MS));
  };
  world.clock.advance(5 * DAY_MS);
  for (const most of [5, 9]) {
    startOfDay();
    await Promise.all(replicas.map(({ budgets }) => budgets.resume(["private"], world.clock.now() - DAY_MS)));
    for (let rounds = 0; rounds < 20; rounds += 1) {
      await round(crew);
      t.ok(closed().size <= most, `at most ${most} made private`);
    }
    t.equal(closed().size, most, "and no less in the end");
  }
  world.clock.advance(10 * DAY_MS);
  for (const most of [4, 8, 9]) {
    startOfDay();
    await Promise.all(replicas.map(({ budgets }) => budgets.resume(["delete"], world.clock.now() - DAY_MS)));
    for (let rounds = 0; rounds < 20; rounds += 1) {
      await round(crew);
      t.ok(gone() <= most, `at most ${most} deleted`);
    }
    t.equal(gone(), most, "and no less in the end");
  }
});

/** One pass of a process that another one overtakes at a point of its calls. */
async function overtakenPass(replica: Replica, counter: CallCounter): Promise<void> {
  const { images, schedule } = replica.ticker;
  const ticker = { ...replica.ticker, images: counter.wrap(images), schedule: counter.wrap(schedule) };
  await tickRegion(REGIONS[0] ?? "", ticker);
}

/** A crew with one image, which is due to be made private. */
async function dueCrew(test: Test): Promise<Crew & { readonly upload: Upload }> {
  const crew = await openCrew(test);
  const [upload] = addCompose(crew.world, "20261120", REGIONS.slice(0, 1));
  if (upload === undefined) throw new Error("no image was added");
  await crew.world.hear(UPLOADER, upload.message);
  crew.world.clock.advance(5 * DAY_MS);
  return { ...crew, upload };
}

t.test("a ticker that slept over its lease, while others went on, changes nothing more in EC2 or Redis", async (t) => {
  const { replicas } = await dueCrew(t);
  const dry = new CallCounter(null);
  await overtakenPass(replicas[0], dry);
  // Who sleeps between asking and calling cannot be called back; the margin of the lease is for that.
  const points = dry.names.flatMap((name, index): CrashPoint[] =>
    ["mayAct", "settle", "recordTakenAway"].includes(name)
      ? [{ call: index + 1, when: "before" }]
      : index > dry.names.indexOf("look")
        ? [{ call: index + 1, when: "after" }]
        : [],
  );
  t.ok(points.length >= 15, `${points.length} points`);
  for (const point of points) {
    const where = `asleep ${point.when} call ${point.call}, ${dry.names[point.call - 1] ?? ""}`;
    const { world, replicas, upload } = await dueCrew(t);
    const { region, amiId } = upload;
    const [asleep, awake] = replicas;
    let changes = 0;
    const meanwhile = async (): Promise<void> => {
      world.clock.advance(LEASE_MS + SECOND_MS);
      await tickRegion(region, awake.ticker);
      await reportOnce(awake.reporter);
      const order = { by: "relengbot", why: "still needed", until: null, at: world.clock.now(), composeId: null };
      await awake.clerk.orders.add({ ...order, verb: "restore", images: [{ region, amiId }] });
      await carryOutOrders(awake.clerk);
      await tickRegion(region, awake.ticker);
      await tickRegion(region, awake.ticker);
      changes = world.simulator.journal.mutating().length;
    };
    await overtakenPass(asleep, new CallCounter(point, meanwhile));
    t.equal(world.simulator.journal.mutating().length, changes, `${where}: no further changing call`);
    t.ok(isWhollyPublic(world, region, amiId), `${where}: public`);
    t.same(await stagesOf(world, [upload]), ["held"], where);
    const events = ["scheduled", "made-private", "noticed", "restoring", "restored"];
    t.same(await told(world, region, amiId), events, where);
  }
});
