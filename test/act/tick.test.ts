import t from "tap";
import { planRegion } from "../../src/act/survey.ts";
import { tickRegion } from "../../src/act/tick.ts";
import { describePlan } from "../../src/domain/plan/describe.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { addNightly, openWorld, REGION, UPLOADER, type World } from "../support/world/world.ts";

async function dueNightly(t: Parameters<typeof openWorld>[0], change: (world: World, amiId: string) => void) {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  change(world, nightly.amiId);
  world.clock.advance(5 * DAY_MS);
  return { world, ...nightly };
}

const REFUSALS: readonly (readonly [string, (world: World, amiId: string) => unknown, string])[] = [
  ["of another account", (w, id) => w.simulator.changeImage(REGION, id, { ownerId: "999900001111" }), "account"],
  ["that is not available", (w, id) => w.simulator.changeImage(REGION, id, { state: "disabled" }), "state"],
  [
    "whose name in EC2 is a release's",
    (w, id) => w.simulator.changeImage(REGION, id, { name: "Fedora-Cloud-Base-AmazonEC2.x86_64-43-1.6" }),
    "name",
  ],
  [
    "with a protecting tag",
    (w, id) => w.simulator.changeImage(REGION, id, { tags: { "do-not-delete": "" } }),
    "protecting-tag",
  ],
  [
    "with deregistration protection",
    (w, id) => w.simulator.changeImage(REGION, id, { deregistrationProtection: "enabled-with-cooldown" }),
    "protection",
  ],
  [
    "with a protection that nobody knows",
    (w, id) => w.simulator.changeImage(REGION, id, { deregistrationProtection: "something-new" }),
    "protection",
  ],
  [
    "that could not be made public again",
    (w) => {
      w.simulator.configure(REGION, { blockPublicAccess: "block-new-sharing" });
    },
    "block-public-access",
  ],
];

for (const [what, change, code] of REFUSALS)
  t.test(`an image ${what} is refused, untouched, told once, and looked at again the next day`, async (t) => {
    const { world, amiId } = await dueNightly(t, change);
    const { redis, keys } = world.connection;
    t.same(await world.tick(), { refuse: 1 });
    world.clock.advance(DAY_MS);
    t.same(await world.tick(), { refuse: 1 });
    t.same(world.simulator.journal.mutating(), []);
    const [stage, lastError, privateAt] = await redis.hmget(
      keys.image(REGION, amiId),
      "stage",
      "last_error",
      "private_at",
    );
    t.same([stage, lastError?.split(":")[0], privateAt], ["public", code, "2026-11-29T08:00:00Z"]);
    t.same(await world.events(), ["scheduled", "refused"]);
    await world.report();
    t.match(world.posts().join(), new RegExp(`Refused[^]*${amiId}`));
  });

t.test("an image that was private before we looked is kept for a person", async (t) => {
  const { world, amiId } = await dueNightly(t, (w, id) =>
    w.simulator.changeImage(REGION, id, {
      permission: { isPublic: false, userIds: [], organizationArns: [], organizationalUnitArns: [] },
    }),
  );
  t.same(await world.tick(), { keep: 1 });
  t.same(world.simulator.journal.mutating(), []);
  await world.report();
  t.match(world.posts().join(), new RegExp(`a person should look[^]*${amiId}`));
});

t.test("an image too young by its own CreationDate waits, whatever the message says", async (t) => {
  const { world } = await dueNightly(t, (w, id) =>
    w.simulator.changeImage(REGION, id, { createdAt: w.clock.now() + 2 * DAY_MS }),
  );
  t.same(await world.tick(), { wait: 1 });
  world.clock.advance(2 * DAY_MS - 1000);
  t.same(await world.tick(), {});
  world.clock.advance(1000);
  t.same(await world.tick(), { "make-private": 1 });
});

t.test("a private image that somebody made public again is held, not deleted", async (t) => {
  const { world, amiId } = await dueNightly(t, () => undefined);
  await world.tick();
  await world.report();
  const permission = { isPublic: true, userIds: [], organizationArns: [], organizationalUnitArns: [] };
  world.simulator.changeImage(REGION, amiId, { permission });
  world.clock.advance(11 * DAY_MS);
  t.same(await world.tick(), { hold: 1 });
  t.equal(world.simulator.image(REGION, amiId)?.state, "available");
  t.same(await world.tick(), { "tag-hold": 1 });
  t.equal(await world.connection.redis.zscore(world.connection.keys.queue(REGION, "held"), amiId), "inf");
  t.equal(world.simulator.image(REGION, amiId)?.tags["clean-amis:hold"], "no-end by ticker");
});

t.test("an explicit share with an account is left alone when the image is made private", async (t) => {
  const { world, amiId } = await dueNightly(t, (w, id) =>
    w.simulator.changeImage(REGION, id, {
      permission: { isPublic: true, userIds: ["999900001111"], organizationArns: [], organizationalUnitArns: [] },
    }),
  );
  await world.tick();
  t.match(world.simulator.image(REGION, amiId)?.permission, { isPublic: false, userIds: ["999900001111"] });
});

t.test("a snapshot that carries another image stays, and the report says so", async (t) => {
  const { world, amiId, snapshotIds } = await dueNightly(t, () => undefined);
  await world.tick();
  await world.report();
  world.simulator.addImage(REGION, { id: "ami-0000000000000000b", name: "another", snapshots: [snapshotIds[0] ?? ""] });
  world.clock.advance(10 * DAY_MS);
  t.same(await world.tick(), { delete: 1 });
  t.equal(world.simulator.image(REGION, amiId)?.state, "deregistered");
  t.same(
    world.simulator.snapshots(REGION).map(({ id }) => id),
    [snapshotIds[0]],
  );
  await world.report();
  t.match(world.posts().join(), /kept: shared with ami-/);
});

t.test("a snapshot that is in use for a while after its image went is deleted when it is free", async (t) => {
  const { world } = await dueNightly(t, () => undefined);
  await world.tick();
  await world.report();
  world.simulator.configure(REGION, { snapshotReleaseMs: HOUR_MS });
  world.clock.advance(10 * DAY_MS);
  t.same(await world.tick(), { failed: 1 });
  t.equal(world.simulator.snapshots(REGION).length, 2);
  world.clock.advance(2 * HOUR_MS);
  t.same(await world.tick(), { delete: 1 });
  t.same(world.simulator.snapshots(REGION), []);
});

t.test("throttling and silence are tried again later; the stage and the deadline stand", async (t) => {
  const { world, amiId } = await dueNightly(t, (w) => {
    w.simulator.faults.add({ kind: "throttle", action: "ModifyImageAttribute", times: 3 });
  });
  t.same(await world.tick(), { yielded: 1 });
  world.clock.advance(MINUTE_MS);
  t.same(await world.tick(), { "breaker-open": 1 }, "not at once");
  world.clock.advance(MINUTE_MS);
  t.same(await world.tick(), { "make-private": 1 });
  t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, false);
});

t.test("a missing permission is told by its name, once, and asked again in a week", async (t) => {
  const { world } = await dueNightly(t, (w) => {
    w.simulator.faults.add({
      kind: "error",
      code: "UnauthorizedOperation",
      status: 403,
      action: "CreateTags",
      times: Infinity,
    });
  });
  t.same(await world.tick(), { refused: 1 });
  world.clock.advance(6 * DAY_MS);
  t.same(await world.tick(), {});
  world.clock.advance(DAY_MS);
  t.same(await world.tick(), { refused: 1 });
  t.same(await world.events(), ["scheduled", "refused"]);
  await world.report();
  t.match(world.posts().join(), /UnauthorizedOperation/);
});

t.test("with act = nothing the plan is made of looks alone, and with private nothing is deleted", async (t) => {
  const { world, amiId } = await dueNightly(t, () => undefined);
  const plans = await planRegion(REGION, world.ticker);
  t.same(plans.map(describePlan), [
    `us-east-1 ${amiId} Fedora-Rawhide-20261121.n.0: make-private (Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261121.0, 2 snapshots)`,
  ]);
  t.same(await tickRegion(REGION, { ...world.ticker, act: "nothing" }), {});
  t.same(world.simulator.journal.mutating(), []);
  const ticker = { ...world.ticker, act: "private" } as const;
  t.same(await tickRegion(REGION, ticker), { "make-private": 1 });
  await world.report();
  world.clock.advance(11 * DAY_MS);
  t.same(await tickRegion(REGION, ticker), {});
  t.equal(world.simulator.image(REGION, amiId)?.state, "available");
});

t.test("two tickers with overlapping leases settle and tell an image once each", async (t) => {
  const { world, amiId } = await dueNightly(t, () => undefined);
  const ticker = { ...world.ticker, periods: { ...world.ticker.periods, leaseMs: 1000 } };
  for (let pass = 0; pass < 4; pass += 1) {
    await Promise.all([tickRegion(REGION, ticker), tickRegion(REGION, ticker)]);
    world.clock.advance(1000);
  }
  await world.report();
  world.clock.advance(11 * DAY_MS);
  for (let pass = 0; pass < 4; pass += 1) {
    await Promise.all([tickRegion(REGION, ticker), tickRegion(REGION, ticker)]);
    world.clock.advance(1000);
  }
  t.equal(world.simulator.image(REGION, amiId)?.state, "deregistered");
  t.same(await world.events(), ["scheduled", "made-private", "noticed", "deleting", "deleted"]);
});

t.test("clocks that are two minutes apart stop every act until they agree", async (t) => {
  const { world } = await dueNightly(t, () => undefined);
  const now = () => Promise.resolve({ at: world.clock.now(), skewMs: 2 * MINUTE_MS, shared: world.clock.now() });
  const schedule = new Proxy(world.ticker.schedule, {
    get: (target, name) => (name === "now" ? now : (Reflect.get(target, name) as unknown)),
  });
  await t.rejects(tickRegion(REGION, { ...world.ticker, schedule }), { code: "clock-skew" });
  t.same(world.simulator.journal.mutating(), []);
});

t.test("what is said of a compose while an image before it in the batch is worked on is heard in time", async (t) => {
  const world = await openWorld(t);
  const [first, released, paused] = [addNightly(world, 1), addNightly(world, 2), addNightly(world, 3)];
  for (const { message } of [first, released, paused]) await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
  const closeImage: World["ec2"]["closeImage"] = async (...words) => {
    const at = world.clock.now();
    // Remembered by another process, which has not come to the images yet.
    await world.ingester.facts.remember({
      composeId: released.composeId,
      source: "pungi",
      released: true,
      at,
      by: "m",
    });
    await world.clerk.facts.hold(paused.composeId, { by: "tester", why: "late", since: at, until: null });
    return world.ec2.closeImage(...words);
  };
  const images = new Proxy(world.ec2, {
    get: (target, name) => (name === "closeImage" ? closeImage : (Reflect.get(target, name) as unknown)),
  });
  t.same(await tickRegion(REGION, { ...world.ticker, images }), { "make-private": 1, keep: 1, hold: 1 });
  t.equal(world.simulator.image(REGION, first.amiId)?.permission.isPublic, false);
  for (const { amiId } of [released, paused]) t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, true);
});
