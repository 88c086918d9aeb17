import t from "tap";
import { tickRegion } from "../../src/act/tick.ts";
import { DAY_MS, HOUR_MS, parseInstant } from "../../src/domain/time.ts";
import { reportOnce } from "../../src/tell/report.ts";
import { ask, days, dueWorld, field, privateWorld } from "../support/world/nightly.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER } from "../support/world/world.ts";

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

t.test(
  "one that was held while it was public is not deleted before the days after its hold are over, either",
  async (t) => {
    const [world, { amiId }] = await dueWorld(t);
    const periods = { ...PERIODS, afterHoldMs: 30 * DAY_MS };
    const pass = (): Promise<unknown> => tickRegion(REGION, { ...world.ticker, periods });
    await ask(world, "hold", { amiId });
    await pass();
    await ask(world, "release", { amiId });
    const releasedAt = world.clock.now();
    await pass();
    t.equal(await field(world, amiId, "stage"), "private", "it was due already");
    await reportOnce({ ...world.reporter, periods });
    t.equal(parseInstant((await field(world, amiId, "delete_at")) ?? ""), releasedAt + 30 * DAY_MS);
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
  t.same([await field(world, amiId, "stage"), await field(world, amiId, "noticed_at")], ["private", null]);
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
  await world.clerk.facts.hold(composeId, { by: "tester", why: "late", since: world.clock.now(), until: null });
  t.same(await world.tick(), { hold: 1 });
  t.equal(world.simulator.image(REGION, amiId)?.permission.isPublic, true);
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
