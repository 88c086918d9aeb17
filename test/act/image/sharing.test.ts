import t, { type Test } from "tap";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import { addNightly, openWorld, REGION, UPLOADER, type Nightly, type World } from "../../support/world/world.ts";

const SHARED = "snap-00000000000000001";

interface Pair {
  readonly world: World;
  readonly first: Nightly;
  readonly second: Nightly;
}

/** Two nightlies; the first snapshot of the first one carries the second one as well. */
async function openPair(t: Test): Promise<Pair> {
  const world = await openWorld(t);
  const first = addNightly(world, 1);
  const amiId = "ami-00000000000000002";
  const composeId = "Fedora-Rawhide-20261122.n.0";
  const name = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261122.0";
  const own = "snap-00000000000000002";
  world.simulator.addImage(REGION, { id: amiId, name, snapshots: [SHARED, { id: own, isPublic: true }] });
  const message = { architecture: "x86_64", compose_id: composeId, image_name: name, regions: { [REGION]: amiId } };
  return { world, first, second: { amiId, composeId, snapshotIds: [SHARED, own], message } };
}

async function passes(world: World, days: number): Promise<void> {
  for (let pass = 0; pass < days; pass += 1) {
    await world.tick();
    await world.report();
    world.clock.advance(DAY_MS);
  }
}

/** Everything that was changed at the shared snapshot. */
function changes({ simulator }: World): readonly string[] {
  return simulator.journal
    .mutating()
    .filter(({ resources }) => resources.includes(SHARED))
    .map(({ action }) => action);
}

const strange = (world: World): unknown =>
  world.simulator.addImage(REGION, { id: "ami-0000000000000000b", name: "a stranger's", snapshots: [SHARED] });
const isOpen = ({ simulator }: World): boolean | undefined => simulator.snapshot(REGION, SHARED)?.permission.isPublic;
const tagsOf = ({ simulator }: World): readonly string[] => Object.keys(simulator.snapshot(REGION, SHARED)?.tags ?? {});

for (const [what, settings] of [
  ["at once", {}],
  ["and EC2 shows deleted images for a while", { describeImagesStaleMs: 10 * MINUTE_MS, snapshotReleaseMs: SECOND_MS }],
  ["and EC2 shows them for hours", { describeImagesStaleMs: 3 * HOUR_MS, snapshotReleaseMs: 2 * HOUR_MS }],
] as const)
  t.test(`a snapshot that two deleted images share goes with the second, ${what}`, async (t) => {
    const { world, first, second } = await openPair(t);
    await world.hear(UPLOADER, first.message);
    await world.hear(UPLOADER, second.message);
    await passes(world, 12);
    t.equal(isOpen(world), false, "it was closed with the last of them");
    world.simulator.configure(REGION, settings);
    world.clock.advance(4 * DAY_MS);
    for (let pass = 0; pass < 12; pass += 1) {
      await world.tick();
      world.clock.advance(HOUR_MS);
    }
    for (const { amiId } of [first, second]) {
      t.equal(world.simulator.image(REGION, amiId)?.state, "deregistered");
      t.equal(await world.connection.redis.hget(world.connection.keys.image(REGION, amiId), "stage"), "deleted");
    }
    t.same(world.simulator.snapshots(REGION), []);
  });

t.test("a snapshot of two images that are deleted at the same time by two replicas is not left by both", async (t) => {
  const { world, first, second } = await openPair(t);
  await world.hear(UPLOADER, first.message);
  await world.hear(UPLOADER, second.message);
  await passes(world, 12);
  world.clock.advance(4 * DAY_MS);
  // Each is in the middle of its deletion when the other asks who stands on the snapshot.
  const lift = world.simulator.faults.add({
    kind: "error",
    code: "InternalError",
    status: 500,
    action: "DeregisterImage",
    times: Infinity,
  });
  await world.tick();
  lift();
  world.clock.advance(HOUR_MS);
  world.simulator.configure(REGION, { describeImagesStaleMs: 10 * MINUTE_MS, snapshotReleaseMs: SECOND_MS });
  for (let pass = 0; pass < 12; pass += 1) {
    await world.tick();
    world.clock.advance(HOUR_MS);
  }
  t.same(world.simulator.snapshots(REGION), []);
});

t.test("a snapshot that anybody's kept image stands on is never closed, tagged or deleted", async (t) => {
  const { world, first } = await openPair(t);
  strange(world);
  await world.hear(UPLOADER, first.message);
  await passes(world, 20);
  t.equal(world.simulator.image(REGION, first.amiId)?.state, "deregistered");
  t.same(changes(world), []);
  t.equal(isOpen(world), true);
  t.same(
    world.simulator
      .snapshots(REGION)
      .filter(({ id }) => first.snapshotIds.includes(id))
      .map(({ id }) => id),
    [SHARED],
  );
  t.match(world.posts().join(), /kept: shared with ami-/);
});

t.test("an image that is disabled, or kept by a rule, keeps its snapshot as well", async (t) => {
  const { world, first } = await openPair(t);
  const amiId = "ami-00000000000000002";
  world.simulator.changeImage(REGION, amiId, { state: "disabled" });
  await world.hear(UPLOADER, {
    compose_id: "Fedora-Cloud-43-20261124.t.0",
    architecture: "x86_64",
    image_name: "x",
    regions: { [REGION]: amiId },
  });
  await world.hear(UPLOADER, first.message);
  await passes(world, 20);
  t.equal(world.simulator.image(REGION, first.amiId)?.state, "deregistered");
  t.same(changes(world), []);
});

t.test("what was taken from a snapshot is given back when a kept image comes to stand on it", async (t) => {
  const { world, first } = await openPair(t);
  world.simulator.changeImage(REGION, "ami-00000000000000002", { state: "deregistered" });
  await world.hear(UPLOADER, first.message);
  await passes(world, 7);
  t.equal(isOpen(world), false);
  strange(world);
  await passes(world, 15);
  t.equal(world.simulator.image(REGION, first.amiId)?.state, "deregistered");
  t.equal(isOpen(world), true);
  t.same(tagsOf(world), []);
});

t.test(
  "a snapshot of two private images is given back for a kept one, whichever of them it was taken for",
  async (t) => {
    const { world, first, second } = await openPair(t);
    await world.hear(UPLOADER, first.message);
    await world.hear(UPLOADER, second.message);
    await passes(world, 7);
    t.equal(isOpen(world), false);
    const { redis, keys } = world.connection;
    const taken = async ({ amiId }: Nightly) => (await redis.hget(keys.image(REGION, amiId), "taken_away")) ?? "";
    const takers = [await taken(first), await taken(second)].filter((text) => text.includes(SHARED));
    t.equal(takers.length, 1, "it was taken once");
    strange(world);
    await passes(world, 15);
    for (const { amiId } of [first, second]) t.equal(world.simulator.image(REGION, amiId)?.state, "deregistered");
    t.equal(isOpen(world), true);
    t.same(tagsOf(world), []);
  },
);

t.test("a kept image that comes while an image is half private gets its snapshot back at once", async (t) => {
  const { world, first } = await openPair(t);
  world.simulator.changeImage(REGION, "ami-00000000000000002", { state: "deregistered" });
  await world.hear(UPLOADER, first.message);
  world.clock.advance(5 * DAY_MS);
  world.simulator.faults.add({
    kind: "error",
    code: "InternalError",
    status: 500,
    action: "CreateTags",
    skip: 2,
    times: 3,
  });
  t.same(await world.tick(), { failed: 1 });
  t.equal(isOpen(world), false);
  strange(world);
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { "make-private": 1 });
  t.equal(isOpen(world), true);
  t.same(tagsOf(world), []);
  t.equal(world.simulator.image(REGION, first.amiId)?.permission.isPublic, false);
});

for (const isLost of [false, true])
  for (const which of [0, 1] as const)
    t.test(
      `an image gets a shared snapshot back, whichever of the two it was taken for: ${which}, ${isLost}`,
      async (t) => {
        const { world, first, second } = await openPair(t);
        await world.hear(UPLOADER, first.message);
        await world.hear(UPLOADER, second.message);
        await passes(world, 7);
        t.equal(isOpen(world), false);
        t.match(world.simulator.snapshot(REGION, SHARED)?.tags["clean-amis:intent"], / all$/);
        const nightly = [first, second][which] ?? first;
        if (isLost) {
          const { redis, keys } = world.connection;
          for (const { amiId } of [first, second]) await redis.hset(keys.image(REGION, amiId), "taken_away", "");
        }
        const order = {
          verb: "restore",
          by: "me",
          why: "needed",
          until: null,
          at: world.clock.now(),
          composeId: null,
        } as const;
        await world.clerk.orders.add({ ...order, images: [{ region: REGION, amiId: nightly.amiId }] });
        await carryOutOrders(world.clerk);
        await world.tick();
        t.equal(world.simulator.image(REGION, nightly.amiId)?.permission.isPublic, true);
        t.equal(isOpen(world), true);
        await passes(world, 30);
        t.equal(isOpen(world), true, "it stays, with the image that is held");
      },
    );

t.test("a second image on a snapshot does not write that there was nothing to take", async (t) => {
  const { world, first, second } = await openPair(t);
  await world.hear(UPLOADER, second.message);
  world.simulator.changeImage(REGION, first.amiId, { state: "deregistered" });
  await passes(world, 7);
  const before = world.simulator.snapshot(REGION, SHARED)?.tags;
  t.match(before?.["clean-amis:intent"], / all$/);
  world.simulator.changeImage(REGION, first.amiId, { state: "available", deregisteredAt: null });
  await world.hear(UPLOADER, first.message);
  await passes(world, 7);
  t.equal(world.simulator.image(REGION, first.amiId)?.permission.isPublic, false);
  for (const key of ["clean-amis:intent", "clean-amis:image", "clean-amis:compose"])
    t.equal(world.simulator.snapshot(REGION, SHARED)?.tags[key], before?.[key], key);
});
