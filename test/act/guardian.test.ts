import t, { type Test } from "tap";
import { guardReleased, type GuardCounts, type Guardian } from "../../src/act/guardian.ts";
import { redisGuardRounds } from "../../src/adapters/redis/control/guard.ts";
import { redisCounts } from "../../src/adapters/redis/images/counts.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { UpstreamError } from "../../src/errors.ts";
import { silentLog } from "../support/run/log.ts";
import { GUARDS } from "../support/world/image.ts";
import { addNightly, openWorld, REGION, UPLOADER, type World } from "../support/world/world.ts";

interface Guarded extends World {
  readonly released: string;
  /** Released as well, and EC2 has never heard of it. */
  readonly lost: string;
  pass(change?: Partial<Guardian>): Promise<GuardCounts>;
  /** What the stream tells of alterations, in order. */
  altered(): Promise<string[]>;
  /** A day later. */
  nextDay(): Promise<GuardCounts>;
}

/** Two released images and a nightly, of yesterday. */
async function openGuarded(t: Test, isLost = false): Promise<Guarded> {
  const world = await openWorld(t);
  const [released, nightly] = [addNightly(world, 1), addNightly(world, 2)];
  const lost = "ami-000000000000000ff";
  await world.hear(UPLOADER, released.message);
  await world.hear(UPLOADER, nightly.message);
  const more = { ...released.message, regions: { [REGION]: lost } };
  if (isLost) await world.hear(UPLOADER, more);
  await world.hear("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: released.composeId } });
  world.clock.advance(DAY_MS);
  const { connection, ticker } = world;
  const guardian: Guardian = {
    schedule: ticker.schedule,
    images: ticker.images,
    breakers: ticker.breakers,
    rounds: redisGuardRounds(connection),
    guards: GUARDS,
    log: silentLog,
    warnBeforeMs: 30 * DAY_MS,
  };
  const pass: Guarded["pass"] = (change = {}) => guardReleased({ ...guardian, ...change });
  return {
    ...world,
    released: released.amiId,
    lost,
    pass,
    altered: async () => {
      const events = await world.reporter.journal.newest(REGION, 100);
      return events
        .filter(({ what }) => what === "altered")
        .map(({ amiId, why }) => `${amiId}: ${why}`)
        .reverse();
    },
    nextDay: () => {
      world.clock.advance(DAY_MS);
      return pass();
    },
  };
}

t.test("released images are looked at once a day, in one question, and nothing is changed in EC2", async (t) => {
  const guarded = await openGuarded(t);
  const { simulator, released, clock } = guarded;
  t.same(await guarded.pass(), { regions: 1, unknown: 0, looked: 1, told: 0 });
  const asked = simulator.journal.of("DescribeImages").map(({ resources, parameters }) => [resources, parameters]);
  t.equal(asked.length, 1);
  t.match(JSON.stringify(asked), new RegExp(released));
  t.notMatch(JSON.stringify(asked), /ami-00000000000000002/, "no nightly");
  clock.advance(DAY_MS - HOUR_MS);
  t.same(await guarded.pass(), { regions: 0, unknown: 0, looked: 0, told: 0 }, "not again within a day");
  simulator.changeImage(REGION, released, { permission: { ...closed(simulator.image(REGION, released)) } });
  clock.advance(HOUR_MS);
  t.match(await guarded.pass(), { looked: 1, told: 1 });
  t.same(simulator.journal.mutating(), []);
  const actions = Object.keys(simulator.journal.countByAction()).filter((action) => action !== "GetCallerIdentity");
  t.same(actions, ["DescribeImages"]);
});

function closed(image: ReturnType<World["simulator"]["image"]>) {
  if (image === null) throw new Error("it is not there");
  return { ...image.permission, isPublic: false };
}

t.test("one that somebody took from the public is told once, counted as long, and told when it is back", async (t) => {
  const guarded = await openGuarded(t);
  const { simulator, released, connection } = guarded;
  const open = simulator.image(REGION, released)?.permission;
  simulator.changeImage(REGION, released, { permission: closed(simulator.image(REGION, released)) });
  await guarded.pass();
  await guarded.nextDay();
  t.same(await guarded.altered(), [`${released}: it is not public`]);
  t.match((await redisCounts(connection).read(REGION)).errors, { altered: 1 });
  await guarded.report();
  t.match(guarded.posts().join(), /## Released images that changed \(1\)[^#]*### [^|]*now: `it is not public`/);
  if (open !== undefined) simulator.changeImage(REGION, released, { permission: open });
  await guarded.nextDay();
  await guarded.nextDay();
  t.same((await guarded.altered()).slice(1), [`${released}: it is as it should be again`]);
  t.notMatch((await redisCounts(connection).read(REGION)).errors, { altered: Number });
  t.equal(await connection.redis.hget(connection.keys.image(REGION, released), "stage"), "kept");
});

t.test("one that EC2 plainly does not know is told after a day, and again when it is there", async (t) => {
  const guarded = await openGuarded(t, true);
  t.same(await guarded.pass(), { regions: 1, unknown: 0, looked: 2, told: 0 }, "one look is none");
  t.match(await guarded.nextDay(), { told: 1 });
  t.match(await guarded.nextDay(), { told: 0 });
  t.same(await guarded.altered(), [`${guarded.lost}: Amazon EC2 does not know it any more`]);
  guarded.simulator.addImage(REGION, { id: guarded.lost, snapshots: [{ id: "snap-000000000000000ff" }] });
  t.match(await guarded.nextDay(), { told: 1 });
});

t.test("a region that is sick, or away, is unknown: nothing in it counts as gone, and it is asked again", async (t) => {
  const guarded = await openGuarded(t, true);
  const { simulator, ticker, clock } = guarded;
  simulator.configure(REGION, { unseen: "all" });
  for (let day = 0; day < 4; day += 1) t.match(await guarded.nextDay(), { told: 0 }, "it shows nothing");
  const failing = new Proxy(ticker.images, {
    get: (target, name) =>
      name === "look"
        ? () => Promise.reject(new UpstreamError("ec2", "ECONNREFUSED", "ec2: look: ECONNREFUSED"))
        : (Reflect.get(target, name) as unknown),
  });
  clock.advance(DAY_MS);
  t.same(await guarded.pass({ images: failing }), { regions: 0, unknown: 1, looked: 0, told: 0 });
  t.same(await guarded.pass({ breakers: { enter: () => Promise.resolve("open" as const) } }), {
    regions: 0,
    unknown: 1,
    looked: 0,
    told: 0,
  });
  t.same(await guarded.altered(), []);
  t.match(await guarded.pass(), { regions: 1, unknown: 0 }, "at once, when it answers again");
});
