import t, { type Test } from "tap";
import { tickRegion } from "../../src/act/tick.ts";
import { refusalOf } from "../../src/domain/plan/refusal.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER, type World } from "../support/world/world.ts";

const BODY = { architecture: "x86_64", compose_id: "Fedora-Rawhide-20261120.n.0", image_name: "x" };

/** Images that were announced, and that EC2 does not know, all due. */
async function openMissing(
  t: Test,
  count: number,
): Promise<{ readonly world: World; readonly amiIds: readonly string[] }> {
  const world = await openWorld(t);
  const amiIds = Array.from({ length: count }, (_, index) => `ami-a${String(index).padStart(16, "0")}`);
  for (const amiId of amiIds) await world.hear(UPLOADER, { ...BODY, regions: { [REGION]: amiId } });
  world.clock.advance(PERIODS.privateAfterMs);
  return { world, amiIds };
}

async function stages(world: World, amiIds: readonly string[]): Promise<readonly string[]> {
  const { redis, keys } = world.connection;
  return [
    ...new Set(await Promise.all(amiIds.map(async (id) => String(await redis.hget(keys.image(REGION, id), "stage"))))),
  ];
}

/** One pass in an EC2 that shows no image at all: not in lists, and not by its id. */
function tickBlind(world: World): Promise<Record<string, number>> {
  const images = new Proxy(world.ticker.images, {
    get: (target, name) =>
      name === "look"
        ? () => Promise.resolve(new Map())
        : name === "isKnown"
          ? () => Promise.resolve(null)
          : (Reflect.get(target, name) as unknown),
  });
  return tickRegion(REGION, { ...world.ticker, images });
}

for (const count of [1, 4, 20])
  t.test(
    `${count} of ${count} images that are long gone end after three days: EC2 says that it does not know them`,
    async (t) => {
      const { world, amiIds } = await openMissing(t, count);
      for (const stage of ["public", "public", "gone"]) {
        t.same(await world.tick(), { miss: count });
        t.same(await stages(world, amiIds), [stage]);
        t.same(await world.tick(), {}, "not again on that day");
        world.clock.advance(DAY_MS);
      }
      await world.report();
      t.match(world.posts().join(), /## Gone by another hand/);
    },
  );

t.test("a compose that was cleaned up by hand ends, whether its images are gone since days or minutes", async (t) => {
  const world = await openWorld(t);
  for (let number = 1; number <= 6; number += 1) await world.hear(UPLOADER, addNightly(world, number).message);
  world.clock.advance(PERIODS.privateAfterMs);
  await world.tick();
  await world.report();
  world.clock.advance(PERIODS.deleteAfterMs);
  const amiIds = world.simulator.images(REGION).map(({ id }) => id);
  for (const id of amiIds.slice(1)) world.simulator.changeImage(REGION, id, { state: "deregistered" });
  for (let day = 0; day < 3; day += 1) {
    await world.tick();
    world.clock.advance(DAY_MS);
  }
  t.same(await stages(world, amiIds.slice(1)), ["gone"]);
  t.same(await stages(world, amiIds.slice(0, 1)), ["deleted"]);
});

t.test("one image of the claim, or another live one, that is shown proves that the region is well", async (t) => {
  for (const isDue of [true, false]) {
    const { world, amiIds } = await openMissing(t, 5);
    const shown = addNightly(world);
    await world.hear(UPLOADER, shown.message, world.clock.now() - (isDue ? PERIODS.privateAfterMs : 0));
    // Nothing is said of an image that is asked for by its id.
    const images = new Proxy(world.ticker.images, {
      get: (target, name) =>
        name === "isKnown" ? () => Promise.resolve(null) : (Reflect.get(target, name) as unknown),
    });
    for (let day = 0; day < 3; day += 1) {
      t.match(await tickRegion(REGION, { ...world.ticker, images }), { miss: 5 });
      world.clock.advance(DAY_MS);
    }
    t.same(await stages(world, amiIds), ["gone"]);
  }
});

t.test("where nothing can be seen no miss counts: it is put off by a day, counted, and told after two", async (t) => {
  const { world, amiIds } = await openMissing(t, 5);
  const schedule = world.reporter.schedule;
  for (let day = 0; day < 30; day += 1) {
    t.same(await tickBlind(world), { "sick-region": 5 });
    t.same(await tickBlind(world), {}, "not again on that day");
    const image = await schedule.get(REGION, amiIds[0] ?? "");
    t.equal(image?.missedLooks, 0);
    t.equal(image === null ? null : refusalOf(image)?.code, day === 0 ? undefined : "unseen");
    await world.report();
    t.equal(/shows neither it nor anything else/.test(world.posts().join()), day > 0, `day ${day}`);
    world.clock.advance(DAY_MS);
  }
  t.same(await stages(world, amiIds), ["public"]);
  t.equal((await world.events()).filter((what) => what === "refused").length, 5, "told once each");
});

t.test("other images that are on record, and that EC2 does not show either, prove nothing", async (t) => {
  const { world, amiIds } = await openMissing(t, 2);
  await world.hear(UPLOADER, addNightly(world).message, world.clock.now());
  for (let day = 0; day < 4; day += 1) {
    t.same(await tickBlind(world), { "sick-region": 2 });
    world.clock.advance(DAY_MS);
  }
  t.same(await stages(world, amiIds), ["public"]);
});

t.test("days on which nothing could be seen neither count as misses nor end a row of misses", async (t) => {
  const { world, amiIds } = await openMissing(t, 1);
  await world.tick();
  world.clock.advance(DAY_MS);
  for (let day = 0; day < 2; day += 1) {
    await tickBlind(world);
    world.clock.advance(DAY_MS);
  }
  await world.tick();
  t.same(await stages(world, amiIds), ["public"]);
  world.clock.advance(DAY_MS);
  await world.tick();
  t.same(await stages(world, amiIds), ["gone"]);
});

t.test("three single misses between which the image was seen do not make it gone", async (t) => {
  const world = await openWorld(t);
  const { amiId, message } = addNightly(world);
  await world.hear(UPLOADER, message);
  world.simulator.changeImage(REGION, amiId, { createdAt: world.clock.now() + 400 * DAY_MS });
  world.clock.advance(PERIODS.privateAfterMs);
  const { redis, keys } = world.connection;
  const wake = (): Promise<unknown> => redis.zadd(keys.queue(REGION, "private"), 0, amiId);
  for (let round = 0; round < 4; round += 1) {
    world.simulator.changeImage(REGION, amiId, { state: "deregistered" });
    world.clock.advance(2 * HOUR_MS);
    await wake();
    t.same(await world.tick(), { miss: 1 });
    world.simulator.changeImage(REGION, amiId, { state: "available", deregisteredAt: null });
    world.clock.advance(DAY_MS);
    await wake();
    t.same(await world.tick(), { wait: 1 });
    t.equal((await world.reporter.schedule.get(REGION, amiId))?.missedLooks, 0);
    world.clock.advance(9 * DAY_MS);
  }
  t.same(await stages(world, [amiId]), ["public"]);
});

t.test("an image that is seen, and cannot be worked, begins anew as well", async (t) => {
  const world = await openWorld(t);
  const { amiId, message } = addNightly(world);
  await world.hear(UPLOADER, message);
  world.simulator.changeImage(REGION, amiId, { state: "deregistered" });
  world.clock.advance(PERIODS.privateAfterMs);
  t.same(await world.tick(), { miss: 1 });
  world.simulator.changeImage(REGION, amiId, { state: "available", deregisteredAt: null });
  world.clock.advance(DAY_MS);
  world.simulator.faults.add({ kind: "error", code: "InternalError", status: 500, action: "CreateTags", times: 3 });
  t.same(await world.tick(), { failed: 1 });
  t.match(await world.reporter.schedule.get(REGION, amiId), { missedLooks: 0, missedAt: null });
});

t.test("what a vanished image leaves behind is said, but for what another image stands on", async (t) => {
  const world = await openWorld(t);
  const { amiId, message, snapshotIds } = addNightly(world);
  await world.hear(UPLOADER, message);
  world.clock.advance(PERIODS.privateAfterMs);
  await world.tick();
  await world.report();
  world.simulator.addImage(REGION, {
    id: "ami-0000000000000000b",
    name: "a stranger's",
    snapshots: [snapshotIds[0] ?? ""],
  });
  world.simulator.changeImage(REGION, amiId, { state: "deregistered" });
  world.clock.advance(PERIODS.deleteAfterMs);
  for (let day = 0; day < 3; day += 1) {
    await world.tick();
    world.clock.advance(DAY_MS + HOUR_MS);
  }
  const history = await world.reporter.journal.historyOf(REGION, [amiId]);
  t.same([history.at(-1)?.what, history.at(-1)?.details["left"]], ["gone", snapshotIds[1]]);
});

t.test("what a vanished image shared with one that is deleted is said as well", async (t) => {
  const world = await openWorld(t);
  const first = addNightly(world);
  await world.hear(UPLOADER, first.message);
  const [shared = ""] = first.snapshotIds;
  const amiId = "ami-00000000000000002";
  const name = "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261122.0";
  world.clock.advance(2 * DAY_MS);
  world.simulator.addImage(REGION, { id: amiId, name, snapshots: [shared] });
  const second = { ...BODY, compose_id: "Fedora-Rawhide-20261122.n.0", image_name: name, regions: { [REGION]: amiId } };
  await world.hear(UPLOADER, second);
  const passAfter = async (days: number): Promise<void> => {
    world.clock.advance(days * DAY_MS);
    await world.tick();
    await world.report();
  };
  const order = async (verb: "hold" | "release"): Promise<void> => {
    const words = { verb, by: "me", why: "x", until: null, at: world.clock.now(), composeId: null };
    await world.clerk.orders.add({ ...words, images: [{ region: REGION, amiId: first.amiId }] });
    await carryOutOrders(world.clerk);
  };
  await passAfter(3);
  await passAfter(2);
  t.equal(world.simulator.snapshot(REGION, shared)?.tags["clean-amis:image"], amiId, "closed with the last of them");
  await order("hold");
  await passAfter(11);
  t.equal(world.simulator.image(REGION, amiId)?.state, "deregistered");
  t.ok(world.simulator.snapshot(REGION, shared), "it stays for the other");
  world.simulator.changeImage(REGION, first.amiId, { state: "deregistered" });
  await order("release");
  for (let day = 0; day < 3; day += 1) await passAfter(1);
  const last = (await world.reporter.journal.historyOf(REGION, [first.amiId])).at(-1);
  t.same([last?.what, last?.details["left"]?.split(" ").sort()], ["gone", [...first.snapshotIds].sort()]);
});

t.test("an image that EC2 knows by its id is not gone, however long no list shows it", async (t) => {
  const { world, amiIds } = await openMissing(t, 1);
  const images = new Proxy(world.ticker.images, {
    get: (target, name) => (name === "isKnown" ? () => Promise.resolve(true) : (Reflect.get(target, name) as unknown)),
  });
  for (let day = 0; day < 6; day += 1) {
    await tickRegion(REGION, { ...world.ticker, images });
    world.clock.advance(DAY_MS);
  }
  t.same(await stages(world, amiIds), ["public"]);
  await world.report();
  t.notMatch(world.posts().join(), /## Gone by another hand/);
});
