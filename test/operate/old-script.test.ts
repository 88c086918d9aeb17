import t, { type Test } from "tap";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import type { Verb } from "../../src/domain/image/order.ts";
import type { ComposeSource } from "../../src/ports/index.ts";
import { ask } from "../support/world/nightly.ts";
import { openDatagrepperOf, reconcileIn, type Datagrepper } from "../support/scenes/reconcile.ts";
import { WrittenSource } from "../support/world/inputs/sources.ts";
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

/** The body of fedimg's message about the image. */
function announcement(compose: string): object {
  const extra = { id: OLD_AMI, virt_type: "hvm", vol_type: "gp2" };
  const name = "Fedora-Cloud-Base-36-20221013.0.x86_64";
  return { image_name: name, destination: REGION, service: "EC2", architecture: "x86_64", extra, compose };
}

function announceOld(datagrepper: Datagrepper, composeId = OLD_COMPOSE): void {
  datagrepper.add("fedimg.image.publish", announcement(composeId), START - 100 * DAY_MS + 3 * HOUR_MS);
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

/** What a person's order at the command line is answered. */
async function order(world: World, verb: Verb): Promise<string> {
  return (await ask(world, verb, { amiId: OLD_AMI })).join();
}

async function pass(world: World): Promise<void> {
  world.clock.advance(PERIODS.leaseMs);
  await world.resolve();
  await world.tick();
}

function inEc2(world: World): (boolean | string | undefined)[] {
  const image = world.simulator.image(REGION, OLD_AMI);
  return [image?.permission.isPublic, Object.keys(image?.tags ?? {}).join()];
}

t.test("a release that the old script made private is given back on a person's order, and held", async (t) => {
  const [world, datagrepper] = await oldWorld(t);
  await reconcileIn(world, { isApplied: true, archive: datagrepper.archive });
  t.same(await standing(world), ["kept", "unknown"]);
  t.match(await order(world, "restore"), /^being given back to the public; then held/);
  await pass(world);
  t.same(inEc2(world), [true, "clean-amis:hold"]);
  t.same(await standing(world), ["held", "unknown"]);
  await order(world, "release");
  for (let day = 0; day < 20; day += 1) {
    world.clock.advance(DAY_MS);
    await pass(world);
    await world.report();
  }
  t.same([...inEc2(world), ...(await standing(world))], [true, "", "kept", "unknown"], "and stays public for ever");
});

t.test("what the old script took from an image that was only heard of is given back as well", async (t) => {
  const label = { type: "production", label: "RC-1.6" };
  for (const by of ["restore", "reconcile"] as const) {
    const [world, datagrepper] = await oldWorld(t, [new WrittenSource("composeinfo", label)]);
    await world.hear("fedimg.image.publish", announcement(OLD_COMPOSE));
    await world.resolve();
    t.same(await standing(world), ["kept", OLD_COMPOSE]);
    if (by === "restore")
      t.match(await order(world, "restore"), /^looked at in EC2: what was taken from it by its tags/);
    else
      t.match(await reconcileIn(world, { isApplied: true, archive: datagrepper.archive }), [
        { kind: "taken", isMended: true },
      ]);
    await pass(world);
    t.same(inEc2(world), by === "restore" ? [true, "clean-amis:hold"] : [true, ""], by);
    t.match(await standing(world), [by === "restore" ? "held" : "kept"], by);
  }
});

t.test(
  "a person's order on a kept image that nothing was taken from tells nobody that it was given back",
  async (t) => {
    const world = await openWorld(t, {
      sources: [new WrittenSource("composeinfo", { type: "production", label: "RC-1.6" })],
    });
    addOld(world);
    world.simulator.changeImage(REGION, OLD_AMI, { tags: {} });
    await world.hear("fedimg.image.publish", announcement(OLD_COMPOSE));
    await world.resolve();
    await order(world, "restore");
    await pass(world);
    t.same(inEc2(world), [false, "clean-amis:hold"], "somebody else made it private");
    t.match(await standing(world), ["held"]);
    const events = await world.events();
    t.notOk(
      events.some((event) => event.includes("restored")),
      events.join(),
    );
  },
);

t.test(
  "an image of an unknown compose is one of the compose that a message names, and stands as that says",
  async (t) => {
    const rows = [
      // A release: given back. A dated compose: all of its days anew. No facts: they are asked for.
      ["RC-1.6", "kept", true],
      ["RC-20221013.0", "private", false],
      [undefined, "unresolved", false],
    ] as const;
    for (const [label, stage, isPublic] of rows) {
      const said = label === undefined ? {} : { type: "production", label };
      const [world, datagrepper] = await oldWorld(t, [new WrittenSource("composeinfo", said)]);
      await reconcileIn(world, { isApplied: true, archive: datagrepper.archive });
      t.same(await standing(world), ["kept", "unknown"]);
      await world.hear("fedimg.image.publish", announcement(OLD_COMPOSE));
      await pass(world);
      await pass(world);
      t.same(await standing(world), [stage, OLD_COMPOSE], stage);
      t.equal(world.simulator.image(REGION, OLD_AMI)?.permission.isPublic, isPublic, stage);
      const { redis, keys } = world.connection;
      t.same(await redis.smembers(keys.composeImages(REGION, OLD_COMPOSE)), [OLD_AMI]);
      t.same(await redis.smembers(keys.composeImages(REGION, "unknown")), []);
      await world.hear("fedimg.image.publish", announcement("Fedora-Cloud-36-20221014.0"));
      t.equal(await redis.hget(keys.image(REGION, OLD_AMI), "rule"), "conflict", "a second one contradicts the first");
    }
  },
);

t.test(
  "a message whose compose an unknown image's name contradicts identifies it no further than to keep it",
  async (t) => {
    const rows = [
      ["RC-20221014.0", "kept", "unknown"],
      ["RC-1.6", "kept", "Fedora-Cloud-36-20221014.0"],
    ] as const;
    for (const [label, stage, compose] of rows) {
      const [world, datagrepper] = await oldWorld(t);
      await reconcileIn(world, { isApplied: true, archive: datagrepper.archive });
      const other = "Fedora-Cloud-36-20221014.0";
      await world.hear("pungi.compose.status.change", {
        status: "FINISHED",
        compose_id: other,
        compose_type: "production",
        compose_label: label,
        location: `https://kojipkgs.fedoraproject.org/compose/cloud/${other}/compose`,
      });
      await world.hear("fedimg.image.publish", announcement(other));
      await pass(world);
      t.same(await standing(world), [stage, compose], label);
      t.equal(world.simulator.image(REGION, OLD_AMI)?.permission.isPublic, label === "RC-1.6", label);
    }
  },
);
