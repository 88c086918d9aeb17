import t, { type Test } from "tap";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import type { ComposeSource } from "../../src/ports/index.ts";
import { openDatagrepperOf, reconcileIn, type Datagrepper } from "../support/world/reconcile.ts";
import { WrittenSource } from "../support/world/sources.ts";
import { openWorld, PERIODS, REGION, START, type World } from "../support/world/world.ts";

const OLD_COMPOSE = "Fedora-Cloud-36-20221013.0";
const OLD_AMI = "ami-000000000000000ab";
const OLD_SNAPSHOT = "snap-000000000000000ab";

/** An image that the old script made private a hundred days ago, leaving its snapshot public. */
function addOld(world: World, name = "Fedora-Cloud-Base-36-20221013.0.x86_64-hvm-us-east-1-gp2-0"): void {
  world.simulator.addImage(REGION, {
    id: OLD_AMI,
    name,
    isPublic: false,
    createdAt: START - 100 * DAY_MS,
    snapshots: [{ id: OLD_SNAPSHOT, isPublic: true }],
    tags: { LaunchPermissionRevoked: "23082026" },
  });
}

function announceOld(datagrepper: Datagrepper, composeId = OLD_COMPOSE): void {
  const extra = { id: OLD_AMI, virt_type: "hvm", vol_type: "gp2" };
  const body = {
    image_name: "Fedora-Cloud-Base-36-20221013.0.x86_64",
    destination: REGION,
    service: "EC2",
    architecture: "x86_64",
    extra,
  };
  datagrepper.add("fedimg.image.publish", { ...body, compose: composeId }, START - 100 * DAY_MS + 3 * HOUR_MS);
}

function standing(world: World): Promise<(string | null)[]> {
  return world.connection.redis.hmget(world.connection.keys.image(REGION, OLD_AMI), "stage", "compose_id");
}

async function oldWorld(t: Test, sources: readonly ComposeSource[] = []): Promise<[World, Datagrepper]> {
  const world = await openWorld(t, { sources });
  const datagrepper = await openDatagrepperOf(t, world);
  addOld(world);
  return [world, datagrepper];
}

t.test("an image of the old script gets a new notice and all of its days, and goes with its snapshot", async (t) => {
  const label = { type: "production", label: "RC-20221013.0" };
  const [world, datagrepper] = await oldWorld(t, [new WrittenSource("composeinfo", label)]);
  announceOld(datagrepper);
  const told = await reconcileIn(world, { isApplied: true, archive: datagrepper.archive });
  t.match(told, [{ kind: "no-record", isMended: true, remedy: /unresolved of Fedora-Cloud-36-20221013\.0/ }]);
  const starts = datagrepper.double.journal.map(({ query }) => new URLSearchParams(query));
  for (const query of starts) t.ok(Number(query.get("end")) - Number(query.get("start")) <= 86_400, "at most a day");
  await world.resolve();
  t.same(await world.tick(), { "make-private": 1 });
  t.equal(world.simulator.snapshot(REGION, OLD_SNAPSHOT)?.permission.isPublic, false, "its snapshot is closed as well");
  world.clock.advance(HOUR_MS);
  t.same(await world.report(), { posted: 1, noticed: 1 });
  t.match(world.posts().join(), new RegExp(`Made private \\(1\\)[^]*${OLD_AMI}`));
  world.clock.advance(10 * DAY_MS - 1000);
  t.same(await world.tick(), {}, "a second before its ten days nothing happens");
  world.clock.advance(1000);
  t.same(await world.tick(), { delete: 1 });
  t.equal(world.simulator.image(REGION, OLD_AMI)?.state, "deregistered");
  t.same(world.simulator.snapshots(REGION), []);
});

t.test("an image of the old script whose compose is a release is given back to the public", async (t) => {
  const [world, datagrepper] = await oldWorld(t, [
    new WrittenSource("composeinfo", { type: "production", label: "RC-1.6" }),
  ]);
  announceOld(datagrepper);
  await reconcileIn(world, { isApplied: true, archive: datagrepper.archive });
  await world.resolve();
  world.clock.advance(PERIODS.leaseMs);
  t.same(await world.tick(), { restore: 1 });
  const image = world.simulator.image(REGION, OLD_AMI);
  t.same([image?.permission.isPublic, image?.tags], [true, {}]);
  t.match(await standing(world), ["kept"]);
});

t.test("an image of the old script that no message names, or another compose's, is kept for a person", async (t) => {
  for (const announced of [null, "Fedora-Cloud-36-20221014.0"]) {
    const [world, datagrepper] = await oldWorld(t);
    if (announced !== null) announceOld(datagrepper, announced);
    await reconcileIn(world, { isApplied: true, archive: datagrepper.archive });
    t.same(await standing(world), ["kept", "unknown"]);
    await world.resolve();
    world.clock.advance(100 * DAY_MS);
    t.same(await world.tick(), {});
    await world.report();
    t.match(world.posts().join(), new RegExp(`a person should look[^]*${OLD_AMI}`));
    t.same(world.simulator.journal.mutating(), []);
  }
});

t.test("while datagrepper does not answer, an image of the old script waits for the next run", async (t) => {
  const [world, datagrepper] = await oldWorld(t);
  datagrepper.double.fail({ times: Infinity, trouble: { kind: "answer", status: 400, body: "no" } });
  const told = await reconcileIn(world, { isApplied: true, archive: datagrepper.archive });
  t.same(told.map(({ kind }) => kind).sort(), ["failed", "no-record"]);
  t.same(await standing(world), [null, null]);
});
