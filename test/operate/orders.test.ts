import t, { type Test } from "tap";
import type { Verb } from "../../src/domain/image/order.ts";
import { DAY_MS, HOUR_MS, parseInstant, type Instant } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import type { PlacedOrder } from "../../src/ports/index.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER, type Nightly, type World } from "../support/world/world.ts";

/** A world with one nightly that is due to be made private. */
async function dueWorld(t: Test): Promise<[World, Nightly]> {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  return [world, nightly];
}

async function privateWorld(t: Test): Promise<[World, Nightly]> {
  const [world, nightly] = await dueWorld(t);
  await world.tick();
  await world.report();
  return [world, nightly];
}

/** Queues an order as the command line does, lets the service carry it out, and returns what it answered. */
async function ask(
  world: World,
  verb: Verb,
  target: { readonly amiId?: string; readonly composeId?: string },
  until: Instant | null = null,
): Promise<string[]> {
  const images = target.amiId === undefined ? [] : [{ region: REGION, amiId: target.amiId }];
  const words = { verb, by: "tester", why: "a reason", until, at: world.clock.now() };
  const order: PlacedOrder = { ...words, images, composeId: target.composeId ?? null };
  const id = await world.orderParts.orders.add(order);
  await carryOutOrders(world.orderParts);
  const answers = (await world.orderParts.orders.answerTo(id)) ?? [];
  return answers.map(({ happened, next }) => `${happened}; ${next}`);
}

function field(world: World, amiId: string, name: string): Promise<string | null> {
  return world.connection.redis.hget(world.connection.keys.image(REGION, amiId), name);
}

/** Passes, reports and days. */
async function days(world: World, count: number): Promise<void> {
  for (let day = 0; day < count; day += 1) {
    world.clock.advance(DAY_MS);
    for (let pass = 0; pass < 3; pass += 1) {
      await world.tick();
      world.clock.advance(PERIODS.leaseMs);
    }
    await world.report();
  }
}

t.test(
  "a held image is not touched until it is released, then told again, and deleted no earlier than three days after",
  async (t) => {
    const [world, { amiId }] = await privateWorld(t);
    t.match(await ask(world, "hold", { amiId }), [/^held; it stays as it is until somebody releases it/]);
    t.match(await ask(world, "hold", { amiId }), [/^held already by tester/]);
    await days(world, 15);
    t.equal(world.simulator.image(REGION, amiId)?.tags["clean-amis:hold"], "no-end by tester");
    t.equal(world.simulator.journal.of("DeregisterImage").length, 0);
    t.match(await ask(world, "release", { amiId }), [/^released; the public is told again; nothing is deleted for 3d/]);
    await world.tick();
    t.equal(world.simulator.image(REGION, amiId)?.tags["clean-amis:hold"], undefined);
    const releasedAt = parseInstant((await field(world, amiId, "released_at")) ?? "") ?? 0;
    await days(world, 2);
    t.equal(world.simulator.journal.of("DeregisterImage").length, 0, "not on the second day");
    await days(world, 4);
    const [deregistered] = world.simulator.journal.of("DeregisterImage");
    t.ok((deregistered?.at ?? 0) >= releasedAt + 3 * DAY_MS, "three days after its release");
    t.same(world.simulator.snapshots(REGION), []);
    t.ok(world.posts().some((text) => text.includes("## Released") && text.includes(amiId)));
  },
);

t.test("without a new notice nothing is deleted after a hold, however long it takes", async (t) => {
  const [world, { amiId }] = await privateWorld(t);
  await ask(world, "hold", { amiId }, world.clock.now() + DAY_MS);
  await world.tick();
  for (let day = 0; day < 20; day += 1) {
    world.clock.advance(DAY_MS);
    await world.tick();
  }
  t.same([await field(world, amiId, "stage"), await field(world, amiId, "noticed_at")], ["private", ""]);
  t.equal(world.simulator.journal.of("DeregisterImage").length, 0);
});

t.test(
  "a hold on a compose covers images that arrive later, and a release of one image does not lift it",
  async (t) => {
    const world = await openWorld(t);
    const { amiId, composeId, message } = addNightly(world);
    t.match(await ask(world, "hold", { composeId }), [/is held; its images to come are held, too/]);
    await world.hear(UPLOADER, message);
    t.equal(await field(world, amiId, "stage"), "held");
    t.match(await ask(world, "release", { amiId }), [
      /^not released: its compose \S+ is held by tester; release --compose/,
    ]);
    await days(world, 7);
    t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, true);
    t.match(await ask(world, "release", { composeId }), [/is over/, /^released; it goes on where it stood/]);
    await days(world, 1);
    t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, false);
  },
);

t.test("a hold on a compose is seen right before an act, even when its images were never reached", async (t) => {
  const [world, { amiId, composeId }] = await dueWorld(t);
  await world.orderParts.facts.hold(composeId, { by: "tester", why: "late", since: world.clock.now(), until: null });
  t.same(await world.tick(), { hold: 1 });
  t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, true);
});

t.test("restore gives back exactly what was taken, holds it, and a release begins anew", async (t) => {
  const [world, { amiId, snapshotIds }] = await privateWorld(t);
  t.match(await ask(world, "restore", { amiId }), [/^being given back to the public; then held/]);
  await days(world, 12);
  const image = world.simulator.image(REGION, amiId);
  t.same(
    [image?.permission.isPublic, Object.keys(image?.tags ?? {}), await field(world, amiId, "stage")],
    [true, ["clean-amis:hold"], "held"],
  );
  for (const id of snapshotIds) t.equal(world.simulator.snapshot(REGION, id)?.permission.isPublic, true, id);
  await ask(world, "release", { amiId });
  await days(world, 9);
  t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, false, "made private again");
  t.equal(world.simulator.journal.of("DeregisterImage").length, 0, "with ten new days");
  await days(world, 3);
  t.equal(world.simulator.image(REGION, amiId)?.state, "deregistered");
  t.same(world.simulator.snapshots(REGION), []);
});

t.test("a hold or a restore saves an image that is being deleted as long as it still stands", async (t) => {
  for (const verb of ["hold", "restore"] as const) {
    const [world, { amiId }] = await privateWorld(t);
    world.clock.advance(10 * DAY_MS + HOUR_MS);
    world.simulator.faults.add({
      kind: "error",
      code: "InternalError",
      status: 500,
      action: "DeregisterImage",
      times: 3,
    });
    await world.tick();
    t.equal(await field(world, amiId, "stage"), "deleting", verb);
    t.match(await ask(world, verb, { amiId }), [/^it is just being deleted; if it is still there, it is saved/]);
    await days(world, 3);
    t.equal(world.simulator.image(REGION, amiId)?.state, "available", verb);
    t.equal(await field(world, amiId, "stage"), "held", verb);
    t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, verb === "restore", verb);
  }
});

t.test("what is deleted is answered with that it is too late", async (t) => {
  const [world, { amiId }] = await privateWorld(t);
  await days(world, 12);
  for (const verb of ["hold", "restore"] as const)
    t.match(await ask(world, verb, { amiId }), [/^too late: it is deleted; nothing can bring it back/]);
});

t.test("an order that nobody can read is answered and goes, and those after it are carried out", async (t) => {
  const [world, { amiId }] = await dueWorld(t);
  const { redis, keys } = world.connection;
  const target = JSON.stringify([{ region: REGION, amiId }]);
  const entries = [
    ["verb", "delete", "images", target],
    ["verb", "hold", "images", "not json"],
    ["verb", "hold", "images", '[{"region":"x","amiId":"y"}]'],
    ["verb", "hold", "images", target, "until", "soon"],
  ] as const;
  const ids = await Promise.all(entries.map((entry) => redis.xadd(keys.control("requests"), "*", ...entry)));
  t.match(await ask(world, "hold", { amiId }), [/^held;/]);
  for (const id of ids) t.match(await world.orderParts.orders.answerTo(id ?? ""), [{ happened: /^not understood/ }]);
  t.same(await world.orderParts.orders.waiting(10), []);
});

t.test("a process that lost the right to carry out orders writes nothing more", async (t) => {
  const [world, { amiId }] = await dueWorld(t);
  const { orders: requests } = world.orderParts;
  const losing = {
    ...requests,
    lease: async () => {
      const lease = await requests.lease();
      await world.connection.redis.del(world.connection.keys.control("requests:lease"));
      return lease;
    },
  };
  const order = { verb: "hold", by: "tester", why: "x", until: null, at: 0, composeId: null } as const;
  await requests.add({ ...order, images: [{ region: REGION, amiId }] });
  await t.rejects(carryOutOrders({ ...world.orderParts, orders: losing }), { code: "lease-lost" });
  t.equal(await field(world, amiId, "stage"), "public");
});

t.test("retry ends the waiting after a refusal, and moves no deadline", async (t) => {
  const [world, { amiId }] = await dueWorld(t);
  world.simulator.changeImage(REGION, amiId, { tags: { "do-not-delete": "" } });
  t.same(await world.tick(), { refuse: 1 });
  const privateAt = await field(world, amiId, "private_at");
  world.simulator.changeImage(REGION, amiId, { tags: {} });
  t.same(await world.tick(), {}, "a refusal waits a day");
  t.match(await ask(world, "retry", { amiId }), [/tried again with the next pass/]);
  t.equal(await field(world, amiId, "private_at"), privateAt);
  t.same(await world.tick(), { "make-private": 1 });
});

t.test("an instance of ours keeps its image, and is named in the report", async (t) => {
  const [world, { amiId }] = await dueWorld(t);
  const { id } = world.simulator.addInstance(REGION, { imageId: amiId });
  t.same(await world.tick(), { refuse: 1 });
  t.match(await field(world, amiId, "last_error"), new RegExp(`^in-use: .*${id}`));
  world.simulator.changeInstance(REGION, id, { state: "terminated" });
  world.clock.advance(DAY_MS);
  t.same(await world.tick(), { "make-private": 1 });
});

t.test("after Redis was lost, a hold is found again by its tag before anything is done", async (t) => {
  const [world, { amiId, message }] = await privateWorld(t);
  await ask(world, "hold", { amiId });
  await world.tick();
  const { redis, keys } = world.connection;
  const lost = await redis.keys(`${keys.format.replace(/:format$/, "")}:*`);
  await redis.del(lost);
  await world.hear(UPLOADER, message, world.clock.now() - 6 * DAY_MS);
  await days(world, 20);
  t.equal(world.simulator.journal.of("DeregisterImage").length, 0);
  t.equal(await field(world, amiId, "stage"), "held");
});

t.test("a budget stops its kind of act until resume, and a pause stops all acts at once", async (t) => {
  const limits = { maxDeletesPerDay: 1, maxPrivatePerDay: 2, maxShareOfRegion: 1 };
  const world = await openWorld(t, { budgets: limits });
  const { budgets } = world.ticker;
  const nightlies = [1, 2, 3].map((number) => addNightly(world, number));
  for (const { message } of nightlies) await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
  const isPrivate = (): number =>
    nightlies.filter(({ amiId }) => world.simulator.image(REGION, amiId)?.permission.isPublic === false).length;
  await world.budgets.pause("tester", "a reason", world.clock.now());
  t.same(await world.tick(), { paused: 1 });
  t.match(await world.budgets.unpause(), { by: "tester", why: "a reason" });
  t.same(await world.tick(), { "make-private": 2, wait: 1 });
  t.equal(isPrivate(), 2);
  t.match(await world.budgets.stops(), [{ kind: "private", reason: /max_private_per_day/ }]);
  world.clock.advance(2 * DAY_MS);
  t.same(await world.tick(), { wait: 1 }, "the next day does not lift it");
  t.match(await world.budgets.resume(["private", "delete"], world.clock.now()), [{ kind: "private" }]);
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { "make-private": 1 });
  t.equal(
    await budgets.checkDemand("private", 100_000, world.clock.now()),
    null,
    "without a history no day is unusual",
  );
});
