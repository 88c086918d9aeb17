import t from "tap";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import { ask, days, dueWorld, field, privateWorld } from "../support/world/nightly.ts";
import { addNightly, openWorld, REGION, UPLOADER } from "../support/world/world.ts";

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
  for (const id of ids) t.match(await world.clerk.orders.answerTo(id ?? ""), [{ happened: /^not understood/ }]);
  t.same(await world.clerk.orders.waiting(10), []);
});

t.test("a hold on a compose that is over when it is carried out takes no other one's place", async (t) => {
  const [world, nightly] = await dueWorld(t);
  const { composeId } = nightly;
  t.match(await ask(world, "hold", { composeId }), [/is held/, /^held/]);
  const over = await ask(world, "hold", { composeId }, world.clock.now() - 1);
  t.match(over, [/^nothing: the end of the hold is past/, /^nothing: the end of the hold is past/]);
  const [known] = await world.clerk.facts.recall([composeId]);
  t.match(known?.hold, { by: "tester", until: null });
});

t.test("a process that lost the right to carry out orders writes nothing more", async (t) => {
  const [world, { amiId }] = await dueWorld(t);
  const { orders } = world.clerk;
  const losing = {
    ...orders,
    lease: async () => {
      const lease = await orders.lease();
      await world.connection.redis.del(world.connection.keys.control("requests:lease"));
      return lease;
    },
  };
  const order = { verb: "hold", by: "tester", why: "x", until: null, at: 0, composeId: null } as const;
  await orders.add({ ...order, images: [{ region: REGION, amiId }] });
  await t.rejects(carryOutOrders({ ...world.clerk, orders: losing }), { code: "lease-lost" });
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
