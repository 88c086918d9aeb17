import t, { type Test } from "tap";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import type { Keeper } from "../../src/demo/outside/ec2/state/records.ts";
import { openBreakers } from "../support/scenes/breakers.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER, type World } from "../support/world/world.ts";

const FAILS = { kind: "error", code: "InternalError", status: 500, times: Infinity } as const;
const BAD = "snap-00000000000000001";

/** Nightlies that are due to be deleted. */
async function openDue(t: Test, count: number): Promise<World> {
  const world = await openWorld(t);
  for (let number = 1; number <= count; number += 1) await world.hear(UPLOADER, addNightly(world, number).message);
  world.clock.advance(PERIODS.privateAfterMs);
  await world.tick();
  await world.report();
  world.clock.advance(PERIODS.deleteAfterMs);
  return world;
}

async function field({ connection: { redis, keys } }: World, number: number, name: string): Promise<string | null> {
  return redis.hget(keys.image(REGION, `ami-0000000000000000${number}`), name);
}

for (const action of ["ModifySnapshotAttribute", "DescribeSnapshotAttribute", "CreateTags"])
  t.test(`an image whose ${action} always fails keeps no other one from being deleted, for a month`, async (t) => {
    const world = await openWorld(t);
    for (const number of [2, 3, 4]) await world.hear(UPLOADER, addNightly(world, number).message);
    world.clock.advance(PERIODS.privateAfterMs);
    await world.tick();
    await world.report();
    world.clock.advance(PERIODS.deleteAfterMs - PERIODS.privateAfterMs);
    await world.hear(UPLOADER, addNightly(world, 1).message);
    world.clock.advance(PERIODS.privateAfterMs - HOUR_MS);
    world.simulator.faults.add({ ...FAILS, action, resource: BAD });
    // It has failed often enough to be taken for its region before the others are due.
    for (let pass = 0; pass < 60; pass += 1) {
      await world.tick();
      world.clock.advance(2 * MINUTE_MS);
    }
    for (const number of [2, 3, 4]) t.equal(await field(world, number, "stage"), "deleted", `${number}`);
    t.equal(await field(world, 1, "stage"), "public");
    t.ok(Number(await field(world, 1, "attempts")) > 3, "it backs off by itself");
  });

t.test("an image that fails alone, again and again, is no trouble of its region", async (t) => {
  const scene = await openBreakers(t, 1);
  scene.world.simulator.faults.add({ ...FAILS, action: "ModifySnapshotAttribute", resource: BAD });
  for (let times = 0; times < 5; times += 1) {
    t.same(await scene.tick(), { failed: 1 });
    scene.world.clock.advance(DAY_MS);
  }
  t.equal(await scene.breakers.get(REGION), null);
});

t.test("a region that was found in trouble is probed with another image than the one that fails", async (t) => {
  const scene = await openBreakers(t, 4);
  const { world, breakers, tick } = scene;
  const now = world.clock.now();
  await breakers.set(REGION, { trouble: "failing", since: now, askAgainAt: now, times: 3, code: "InternalError" });
  world.simulator.faults.add({ ...FAILS, action: "ModifySnapshotAttribute", resource: BAD });
  t.same(await tick(), { failed: 1 });
  t.match(await breakers.get(REGION), { times: 4 });
  world.clock.advance(HOUR_MS);
  t.same(await tick(), { "make-private": 1 });
  t.equal(await breakers.get(REGION), null);
  await tick();
  t.equal((await scene.attempts()).length, 1, "the failing one alone is left");
});

t.test("a look that fails for one image is not always the probe, whatever queue it waits in", async (t) => {
  const world = await openDue(t, 3);
  const late = addNightly(world, 4);
  await world.hear(UPLOADER, late.message, world.clock.now() - PERIODS.privateAfterMs);
  world.simulator.changeImage(REGION, late.amiId, { createdAt: world.clock.now() - 6 * DAY_MS });
  world.simulator.faults.add({ ...FAILS, action: "DescribeImages", resource: late.amiId });
  for (let pass = 0; pass < 30; pass += 1) {
    await world.tick();
    world.clock.advance(HOUR_MS);
  }
  for (const number of [1, 2, 3]) t.equal(await field(world, number, "stage"), "deleted");
});

/** EC2 lets the snapshot be deleted no more; what is returned ends that. */
function keep({ simulator }: World, keptBy: Keeper): () => void {
  simulator.changeSnapshot(REGION, BAD, { keptBy });
  return () => {
    simulator.changeSnapshot(REGION, BAD, { keptBy: null });
  };
}

function fail({ simulator }: World, code: string, status: number, message?: string): () => void {
  const words = message === undefined ? {} : { message };
  const which = { times: Infinity, action: "DeleteSnapshot", resource: BAD };
  return simulator.faults.add({ kind: "error", code, status, ...words, ...which });
}

const KEPT = /some of its snapshots still stand; why: a lock, AWS Backup or fast restore keeps a snapshot of it in EC2/;

for (const [what, code, outcome, told, begin] of [
  ["locked", "OperationNotPermitted", "refused", KEPT, (world) => keep(world, "lock")],
  ["in AWS Backup", "InvalidParameterValue", "refused", KEPT, (world) => keep(world, "backup")],
  ["enabled for fast restore", "InvalidSnapshot.InUse", "refused", KEPT, (world) => keep(world, "fast-restore")],
  ["locked, in other words", "NewWord", "refused", KEPT, (world) => fail(world, "NewWord", 400, "It is locked.")],
  [
    "that may not be deleted",
    "UnauthorizedOperation",
    "refused",
    /still stand/,
    (world) => fail(world, "UnauthorizedOperation", 403),
  ],
  ["that EC2 fails for", "InternalError", "failed", /still stand/, (world) => fail(world, "InternalError", 500)],
] as const satisfies readonly (readonly [string, string, string, RegExp, (world: World) => () => unknown])[])
  t.test(`a snapshot ${what} keeps no other one, and each has its result on record`, async (t) => {
    const world = await openDue(t, 1);
    const lift = begin(world);
    t.same(await world.tick(), { [outcome]: 1 });
    t.same(
      world.simulator.snapshots(REGION).map(({ id }) => id),
      [BAD],
    );
    t.match(JSON.parse((await field(world, 1, "snapshot_results")) ?? ""), {
      [BAD]: new RegExp(`^left: .*${code}`),
      "snap-10000000000000001": "deleted",
    });
    for (let day = 0; day < 3; day += 1) {
      await world.report();
      world.clock.advance(DAY_MS);
      await world.tick();
    }
    await world.report();
    t.notMatch(world.posts().join(), /left as they are/i);
    t.match(world.posts().join(), told);
    t.equal(
      world
        .posts()
        .join()
        .match(/## Deleted, with something left/g)?.length,
      1,
      "told once",
    );
    lift();
    world.clock.advance(8 * DAY_MS);
    t.same(await world.tick(), { delete: 1 });
    await world.report();
    t.match(world.posts().join(), /Gone for good: 1 image and 2 of its 2 snapshots/);
  });

t.test("of an image that EC2 still tells of as deregistered nobody reads that it is left as it is", async (t) => {
  const world = await openDue(t, 1);
  const [image] = world.simulator.images(REGION);
  const look = world.ticker.images.look.bind(world.ticker.images);
  const images = new Proxy(world.ticker.images, {
    get: (target, name) =>
      name === "look"
        ? async () =>
            new Map(
              [...(await look(REGION, [image?.id ?? ""]))].map(([id, seen]) => [
                id,
                { ...seen, state: "deregistered" },
              ]),
            )
        : (Reflect.get(target, name) as unknown),
  });
  const { tickRegion } = await import("../../src/act/tick.ts");
  t.same(await tickRegion(REGION, { ...world.ticker, images }), { miss: 1 });
  await world.report();
  t.notMatch(world.posts().join(), /left as they are/i);
});
