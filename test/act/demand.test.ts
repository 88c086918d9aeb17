import t, { type Test } from "tap";
import type { Fault } from "../../src/demo/outside/ec2/state/faults.ts";
import { DEFAULT_POLICY } from "../../src/domain/compose/classify.ts";
import { DAY_MS, dayOf, HOUR_MS } from "../../src/domain/time.ts";
import { addCompose } from "../support/scenes/proof.ts";
import { openWorld, REGION, UPLOADER, type World } from "../support/world/world.ts";

/** So many nightlies that are due in one region, in a service whose days so far had next to nothing. */
async function dueWorld(
  t: Test,
  images: number,
  regions: readonly string[] = [REGION],
  options: Parameters<typeof openWorld>[1] = {},
): Promise<World> {
  const world = await openWorld(t, options);
  const { redis, keys } = world.connection;
  for (let number = 0; number < images; number += 1)
    for (const { message } of addCompose(world, String(20261001 + number), regions))
      await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
  const beforeUs = dayOf(world.clock.now() - 20 * DAY_MS);
  await redis.hset(keys.control("budget:private:days"), { [beforeUs]: 1 });
  return world;
}

t.test("what is wanted is counted over all regions: a little in each is more than usual together", async (t) => {
  const world = await dueWorld(t, 11, ["eu-west-1", REGION]);
  await world.tick();
  t.match(await world.budgets.stops(), [{ reason: /^22 images made private wanted/ }]);
});

const TROUBLES: readonly [readonly [string, Fault], readonly [string, Fault]] = [
  ["before anything was begun", { kind: "error", code: "IncorrectState", action: "CreateTags", times: Infinity }],
  ["half way", { kind: "error", code: "IncorrectState", action: "ModifySnapshotAttribute", times: Infinity }],
];

for (const [when, fault] of TROUBLES)
  t.test(`what has reserved and failed ${when} is due again, and wanted once`, async (t) => {
    const world = await dueWorld(t, 11);
    const lift = world.simulator.faults.add(fault);
    t.same(await world.tick(), { failed: 11 });
    world.clock.advance(HOUR_MS);
    t.same(await world.tick(), { failed: 11 });
    t.same(await world.budgets.stops(), [], "11 are wanted, and not 22, which would be more than usual");
    for (let day = 12; day < 22; day += 1)
      for (const { message } of addCompose(world, String(20261000 + day), [REGION]))
        await world.hear(UPLOADER, message);
    lift();
    world.clock.advance(5 * DAY_MS);
    await world.tick();
    const reasons = (await world.budgets.stops()).map(
      ({ reason }) => /^\d+ images made private wanted/.exec(reason)?.[0],
    );
    t.same(reasons, when === "half way" ? [] : ["21 images made private wanted"]);
  });

t.test("what has reserved is tried again on a day that has all that is usual", async (t) => {
  const world = await dueWorld(t, 20);
  const lift = world.simulator.faults.add(TROUBLES[0][1]);
  t.same(await world.tick(), { failed: 20 });
  lift();
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { "make-private": 20 });
  t.same(await world.budgets.stops(), []);
});

/** Twelve more, which are due five days later. */
async function addTwelve(world: World): Promise<void> {
  for (let number = 13; number < 25; number += 1)
    for (const { message } of addCompose(world, String(20261001 + number), [REGION]))
      await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
}

t.test("what is refused each day is not wanted anew each day, and counts as soon as it is acted on", async (t) => {
  const world = await dueWorld(t, 13);
  const setState = (state: "disabled" | "available"): void => {
    for (const { id } of world.simulator.images(REGION)) world.simulator.changeImage(REGION, id, { state });
  };
  setState("disabled");
  t.same(await world.tick(), { refuse: 13 });
  await addTwelve(world);
  setState("disabled");
  t.same(await world.tick(), { refuse: 25 });
  t.same(await world.budgets.stops(), [], "12 are new, and not 25, which would be more than usual");
  setState("available");
  world.clock.advance(DAY_MS);
  t.same(await world.tick(), { "make-private": 20, wait: 5 }, "no day begins more than is usual");
  t.match(await world.budgets.stops(), [{ reason: /^21 images made private wanted/ }]);
});

t.test("what the policy keeps as the newest is not wanted anew each day", async (t) => {
  const world = await dueWorld(t, 13, [REGION], { policy: { ...DEFAULT_POLICY, keepNewest: 100 } });
  t.same(await world.tick(), { wait: 13 });
  await addTwelve(world);
  t.same(await world.tick(), { wait: 25 });
  t.same(await world.budgets.stops(), []);
});
