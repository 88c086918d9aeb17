import t from "tap";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import { addNightly, openWorld, REGION, START, UPLOADER } from "../support/world/world.ts";

t.test("a nightly is made private after five days, told, and deleted ten days after the notice, whole", async (t) => {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  const { redis, keys } = world.connection;
  t.same(await world.hear(UPLOADER, nightly.message), { kind: "uploads", new: 1, known: 0, rules: ["nightly"] });

  world.clock.advance(5 * DAY_MS - 1000);
  t.same(await world.tick(), {}, "a second before five days nothing is due");
  world.clock.advance(1000);
  t.same(await world.tick(), { "make-private": 1 });
  t.equal(world.simulator.image(REGION, nightly.amiId)?.permission.isPublic, false);
  for (const id of nightly.snapshotIds) t.equal(world.simulator.snapshot(REGION, id)?.permission.isPublic, false, id);
  t.equal(await redis.zcard(keys.queue(REGION, "delete")), 0, "no notice, no place in the delete queue");

  world.clock.advance(HOUR_MS);
  t.same(await world.report(), { posted: 1, noticed: 1 });
  t.match(
    world.posts().join(),
    new RegExp(`Made private \\(1\\)[^]*before \\*\\*2026-12-09\\*\\*[^]*${nightly.amiId}`),
  );
  const [member, score] = await redis.zrange(keys.queue(REGION, "delete"), "0", "-1", "WITHSCORES");
  t.same([member, Number(score) * 1000], [nightly.amiId, START + 15 * DAY_MS + HOUR_MS]);

  world.clock.advance(10 * DAY_MS - 1000);
  t.same(await world.tick(), {}, "a second before ten days nothing is deleted");
  world.clock.advance(1000);
  t.same(await world.tick(), { delete: 1 });
  t.equal(world.simulator.image(REGION, nightly.amiId)?.state, "deregistered");
  t.same(world.simulator.snapshots(REGION), [], "no snapshot is left");
  t.same(await world.report(), { posted: 1, noticed: 0 });
  t.match(world.posts().join(), /## Deleted \(1\)/);
  t.same(await world.events(), ["scheduled", "made-private", "noticed", "deleting", "deleted"]);
  t.ok((await redis.ttl(keys.image(REGION, nightly.amiId))) > 399 * 86_400, "it can be explained for 400 days");
});

t.test("the changing calls go out in the order that survives a crash", async (t) => {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  world.clock.advance(10 * DAY_MS);
  await world.tick();
  const calls = world.simulator.journal.mutating().map(({ action }) => action);
  const snapshots = nightly.snapshotIds.length;
  t.same(calls, [
    ...["CreateTags", "CreateTags", "ModifyImageAttribute"],
    ...Array<string>(snapshots).fill("ModifySnapshotAttribute"),
    ...["CreateTags", "DeregisterImage"],
    ...Array<string>(snapshots).fill("DeleteSnapshot"),
  ]);
});

t.test(
  "while Pagure is away nothing is noticed and nothing deleted, however long; then the ten days begin",
  async (t) => {
    const world = await openWorld(t);
    const nightly = addNightly(world);
    await world.hear(UPLOADER, nightly.message);
    world.clock.advance(5 * DAY_MS);
    await world.tick();
    const lift = world.pagure.fail({ times: Infinity, trouble: { kind: "answer", status: 503, body: "down" } });
    await t.rejects(world.report(), { name: "UpstreamError" });
    world.clock.advance(40 * DAY_MS);
    t.same(await world.tick(), {});
    lift();
    t.same(await world.report(), { posted: 1, noticed: 1 });
    world.clock.advance(10 * DAY_MS - 1000);
    t.same(await world.tick(), {});
    world.clock.advance(1000);
    t.same(await world.tick(), { delete: 1 });
    t.equal(world.simulator.image(REGION, nightly.amiId)?.state, "deregistered");
  },
);

t.test(
  "one AMI announced by upload, copy and publish, over days, is one image, and its deadlines never move",
  async (t) => {
    const world = await openWorld(t);
    const { amiId, composeId } = addNightly(world);
    const { redis, keys } = world.connection;
    const extra = { id: amiId, virt_type: "hvm", vol_type: "gp3" };
    const body = { destination: "EC2 (us-east-1)", service: "EC2", extra };
    await world.hear("fedimg.image.upload", { ...body, status: "completed", compose: { compose_id: composeId } });
    const [first, due] = await Promise.all([
      redis.hgetall(keys.image(REGION, amiId)),
      redis.zscore(keys.queue(REGION, "private"), amiId),
    ]);
    for (let day = 0; day < 3; day += 1) {
      world.clock.advance(DAY_MS);
      t.same(await world.hear("fedimg.image.copy", { ...body, destination: REGION, compose_id: composeId }), {
        kind: "uploads",
        new: 0,
        known: 1,
        rules: [],
      });
      await world.hear("fedimg.image.publish", { ...body, destination: "EC2-us-east-1", compose: composeId });
    }
    t.same(await redis.hgetall(keys.image(REGION, amiId)), first);
    t.equal(await redis.zscore(keys.queue(REGION, "private"), amiId), due);
    t.same(await world.events(), ["scheduled"]);
  },
);

t.test("a dated compose waits for its label, and is scheduled by its upload's time when the label comes", async (t) => {
  const world = await openWorld(t);
  const { redis, keys } = world.connection;
  const amiId = "ami-00000000000000009";
  const composeId = "Fedora-Cloud-43-20261120.0";
  await world.hear(UPLOADER, {
    architecture: "x86_64",
    compose_id: composeId,
    image_name: "x",
    regions: { [REGION]: amiId },
  });
  t.equal(await redis.hget(keys.image(REGION, amiId), "stage"), "unresolved");
  world.clock.advance(2 * DAY_MS);
  const pungi = {
    status: "FINISHED",
    compose_id: composeId,
    compose_type: "production",
    compose_label: "RC-20261120.0",
  };
  t.same(await world.hear("pungi.compose.status.change", pungi), { kind: "facts", composes: 1, changed: 1 });
  t.same(await redis.hmget(keys.image(REGION, amiId), "stage", "rule"), ["public", "dated-label"]);
  t.equal(await redis.zscore(keys.queue(REGION, "private"), amiId), String((START + 5 * DAY_MS) / 1000));
  t.equal(await redis.zcard(keys.queue(REGION, "unresolved")), 0);
});

t.test("a compose released after its images were made private gets them back, exactly as they were", async (t) => {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  const { amiId, composeId, snapshotIds } = nightly;
  world.simulator.changeSnapshot(REGION, snapshotIds[1] ?? "", { permission: { isPublic: false, userIds: [] } });
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  await world.hear("releng.atomic.twoweek.complete", { x86_64: { atomic_raw: { compose_id: composeId } } });
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { restore: 1 });
  const image = world.simulator.image(REGION, amiId);
  t.same([image?.permission.isPublic, image?.tags], [true, {}]);
  const open = snapshotIds.map((id) => world.simulator.snapshot(REGION, id)?.permission.isPublic);
  t.same(open, [true, false], "what was not public before is not made public");
  world.clock.advance(100 * DAY_MS);
  t.same(await world.tick(), {}, "and is never touched again");
  t.same(await world.report(), { posted: 1, noticed: 0 });
  t.match(world.posts().join(), /Given back to the public \(1\)/);
});

t.test("a label that comes while an image is held that was kept without one is heard when the hold ends", async (t) => {
  const world = await openWorld(t);
  const { amiId } = addNightly(world);
  const composeId = "Fedora-Cloud-43-20261121.0";
  const { redis, keys } = world.connection;
  const stage = (): Promise<string | null> => redis.hget(keys.image(REGION, amiId), "stage");
  const order = async (verb: "hold" | "release"): Promise<void> => {
    const words = { verb, by: "relengbot", why: "a question", until: null, at: world.clock.now() };
    await world.clerk.orders.add({ ...words, images: [{ region: REGION, amiId }], composeId: null });
    await carryOutOrders(world.clerk);
    await world.tick();
    await world.resolve();
  };
  await world.hear(UPLOADER, { architecture: "x86_64", compose_id: composeId, regions: { [REGION]: amiId } });
  world.clock.advance(15 * DAY_MS);
  await world.resolve();
  t.equal(await stage(), "kept");
  await order("hold");
  const said = { compose_id: composeId, compose_type: "production", compose_label: "RC-20261121.0" };
  await world.hear("pungi.compose.status.change", said);
  t.equal(await stage(), "held", "a hold is a hold");
  await order("release");
  t.equal(await stage(), "public", "it goes the way of every dated compose");
});
