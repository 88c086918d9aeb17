import t, { type Test } from "tap";
import { tickRegion } from "../../../src/act/tick.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { reportOnce } from "../../../src/tell/report.ts";
import { CallCounter, choosePoints, pointsOf, untilCrash, type CrashPoint } from "../../support/scenes/crash.ts";
import { addNightly, openWorld, REGION, UPLOADER, type Nightly, type World } from "../../support/world/world.ts";
import { limitFor } from "../../support/run/limit.ts";

limitFor(t, "CHAOS_CRASH");
const isChosen = choosePoints(t, 12);

/** Runs a tick whose calls are counted, and that perhaps dies. */
async function countedTick(world: World, counter: CallCounter): Promise<void> {
  const ticker = {
    ...world.ticker,
    images: counter.wrap(world.ticker.images),
    schedule: counter.wrap(world.ticker.schedule),
    facts: counter.wrap(world.ticker.facts),
  };
  await untilCrash(tickRegion(REGION, ticker));
}

/** A world with one nightly whose next act is due. */
async function dueWorld(t: Test, act: "make private" | "delete" | "restore"): Promise<[World, Nightly]> {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  if (act === "make private") return [world, nightly];
  await world.tick();
  await world.report();
  if (act === "delete") world.clock.advance(10 * DAY_MS);
  else await release(world, nightly);
  world.clock.advance(HOUR_MS);
  return [world, nightly];
}

function release(world: World, { composeId }: Nightly): Promise<unknown> {
  return world.hear("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: composeId } });
}

async function pointsAt(t: Test, act: "make private" | "delete" | "restore"): Promise<CrashPoint[]> {
  const [world] = await dueWorld(t, act);
  const counter = new CallCounter(null);
  await countedTick(world, counter);
  const all = pointsOf(counter.names);
  t.ok(all.length > 30, `${all.length} points of ${act}`);
  return all.filter(isChosen);
}

/** Passes and reports until nothing is due any more, with time for every lease and back-off to run out. */
async function carryOn(world: World, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    for (let pass = 0; pass < 3; pass += 1) {
      world.clock.advance(10 * MINUTE_MS);
      await world.tick();
    }
    await reportOnce(world.reporter);
    world.clock.advance(DAY_MS);
  }
}

function times(texts: readonly string[], heading: string, amiId: string): number {
  return texts
    .flatMap((text) => text.split("\n## "))
    .filter((section) => section.startsWith(heading) && section.includes(amiId)).length;
}

t.test("killed at any call of making private or deleting, an image ends deleted, whole, and told once", async (t) => {
  for (const act of ["make private", "delete"] as const) {
    const points = await pointsAt(t, act);
    for (const point of points) {
      const where = `${act}, ${point.when} call ${point.call}`;
      const [world, nightly] = await dueWorld(t, act);
      const startedAt = world.clock.now();
      await countedTick(world, new CallCounter(point));
      const image = world.simulator.image(REGION, nightly.amiId);
      if (image?.permission.isPublic === false)
        t.ok(image.tags["clean-amis:intent"], `${where}: a private image carries our tag`);
      await carryOn(world, 13);
      t.equal(world.simulator.image(REGION, nightly.amiId)?.state, "deregistered", where);
      t.same(world.simulator.snapshots(REGION), [], `${where}: no snapshot is left`);
      t.equal(times(world.posts(), "Made private", nightly.amiId), 1, `${where}: made private told once`);
      t.equal(times(world.posts(), "Deleted", nightly.amiId), 1, `${where}: deleted told once`);
      const gone = world.simulator.journal.of("DeregisterImage").find((entry) => entry.effect !== null);
      if (act === "make private") t.ok((gone?.at ?? 0) - startedAt >= 10 * DAY_MS, `${where}: not early`);
    }
  }
});

t.test("killed at any call of restoring, an image ends public and kept", async (t) => {
  for (const point of await pointsAt(t, "restore")) {
    const where = `restore, ${point.when} call ${point.call}`;
    const [world, nightly] = await dueWorld(t, "restore");
    await countedTick(world, new CallCounter(point));
    await carryOn(world, 2);
    const image = world.simulator.image(REGION, nightly.amiId);
    t.same([image?.state, image?.permission.isPublic, image?.tags], ["available", true, {}], where);
    const open = world.simulator.snapshots(REGION).map((snapshot) => snapshot.permission.isPublic);
    t.same(open, [true, true], `${where}: snapshots`);
    t.equal(times(world.posts(), "Given back", nightly.amiId), 1, `${where}: told once`);
  }
});

/** A release is heard, and a second ticker acts on it at once. */
async function releaseAndTick(world: World, nightly: Nightly): Promise<void> {
  await release(world, nightly);
  await world.tick();
}

t.test("a release heard at any moment of making private leaves the image public and kept in the end", async (t) => {
  for (const point of await pointsAt(t, "make private")) {
    const where = `release heard ${point.when} call ${point.call}`;
    const [world, nightly] = await dueWorld(t, "make private");
    await countedTick(world, new CallCounter(point, () => releaseAndTick(world, nightly)));
    const isUntouched = world.simulator.journal.mutating().length === 0;
    await carryOn(world, 14);
    if (isUntouched) t.same(world.simulator.journal.mutating(), [], `${where}: what is kept is not touched`);
    const image = world.simulator.image(REGION, nightly.amiId);
    t.same([image?.state, image?.permission.isPublic], ["available", true], where);
    const open = world.simulator.snapshots(REGION).map((snapshot) => snapshot.permission.isPublic);
    t.same(open, [true, true], `${where}: snapshots`);
    const stage = await world.connection.redis.hget(world.connection.keys.image(REGION, nightly.amiId), "stage");
    t.equal(stage, "kept", `${where}: stage`);
    const tags = [image, ...world.simulator.snapshots(REGION)].map((thing) => thing?.tags);
    t.same(tags, [{}, {}, {}], `${where}: no tag of ours is left`);
  }
});

t.test("a release heard while an image is being deleted saves it as long as it is still standing", async (t) => {
  const fates = new Set<string>();
  for (const point of await pointsAt(t, "delete")) {
    const where = `release heard ${point.when} call ${point.call}`;
    const [world, nightly] = await dueWorld(t, "delete");
    await countedTick(world, new CallCounter(point, () => releaseAndTick(world, nightly)));
    const stood = world.simulator.journal.of("DeregisterImage").length === 0;
    await carryOn(world, 3);
    const image = world.simulator.image(REGION, nightly.amiId);
    fates.add(image?.state ?? "none");
    if (stood) t.same([image?.state, image?.permission.isPublic], ["available", true], where);
    else t.same(world.simulator.snapshots(REGION), [], `${where}: too late, and nothing is left behind`);
  }
  t.same([...fates].sort(), ["available", "deregistered"], "both ends were seen");
});

t.test("a release that was remembered, and then the process died, is still seen right before acting", async (t) => {
  for (const act of ["make private", "delete"] as const) {
    const [world, { amiId, composeId }] = await dueWorld(t, act);
    const claim = { composeId, source: "pungi", released: true, at: world.clock.now(), by: "a message" } as const;
    await world.ingester.facts.remember(claim);
    await carryOn(world, 2);
    const image = world.simulator.image(REGION, amiId);
    t.same([image?.state, image?.permission.isPublic], ["available", true], act);
  }
});

t.test("a fact that comes while a batch is being looked at is seen before an image of it is acted on", async (t) => {
  for (const act of ["make private", "delete"] as const) {
    const [dry] = await dueWorld(t, act);
    const counter = new CallCounter(null);
    await countedTick(dry, counter);
    const [world, { amiId, composeId }] = await dueWorld(t, act);
    const before = world.simulator.journal.mutating().length;
    const claim = { composeId, source: "pungi", released: true, at: world.clock.now(), by: "a message" } as const;
    const point = { call: counter.names.indexOf("look") + 1, when: "after" } as const;
    await countedTick(world, new CallCounter(point, () => world.ingester.facts.remember(claim)));
    t.equal(world.simulator.journal.mutating().length, before, `${act}: no changing call went out`);
    await carryOn(world, 2);
    const image = world.simulator.image(REGION, amiId);
    t.same([image?.state, image?.permission.isPublic], ["available", true], act);
  }
});

t.test("when its lease is nearly over, a ticker begins no further call; the next one ends what it began", async (t) => {
  const changing = ["tag", "closeImage", "closeSnapshot", "deregister", "deleteSnapshot"];
  for (const act of ["make private", "delete"] as const) {
    const [dry] = await dueWorld(t, act);
    const counted = new CallCounter(null);
    await countedTick(dry, counted);
    const calls = counted.names.flatMap((name, index) => (changing.includes(name) ? [index + 1] : []));
    for (const call of calls) {
      const where = `${act}, after call ${call} (${counted.names[call - 1] ?? ""})`;
      const [world, { amiId }] = await dueWorld(t, act);
      const before: number[] = [];
      const meanwhile = (): Promise<void> => {
        world.clock.advance(0.9 * world.ticker.periods.leaseMs);
        before.push(world.simulator.journal.mutating().length);
        return Promise.resolve();
      };
      await countedTick(world, new CallCounter({ call, when: "after" }, meanwhile));
      t.same(world.simulator.journal.mutating().length, before[0], where);
      await carryOn(world, 13);
      t.equal(world.simulator.image(REGION, amiId)?.state, "deregistered", where);
      t.same(world.simulator.snapshots(REGION), [], `${where}: no snapshot is left`);
    }
  }
});

t.test(
  "a message that names another compose for an image that is being deleted saves it while it stands",
  async (t) => {
    for (const point of await pointsAt(t, "delete")) {
      const where = `conflict heard ${point.when} call ${point.call}`;
      const [world, nightly] = await dueWorld(t, "delete");
      const message = { ...nightly.message, compose_id: "Fedora-Rawhide-20261129.n.0" };
      await countedTick(world, new CallCounter(point, () => world.hear(UPLOADER, message)));
      const stood = world.simulator.journal.of("DeregisterImage").length === 0;
      await carryOn(world, 3);
      const image = world.simulator.image(REGION, nightly.amiId);
      if (stood) t.same([image?.state, image?.permission.isPublic, image?.tags], ["available", true, {}], where);
      else t.same(world.simulator.snapshots(REGION), [], `${where}: too late, and nothing is left behind`);
    }
  },
);

t.test("a keep after an attempt whose answers were lost leaves no tag of ours behind", async (t) => {
  const [world, nightly] = await dueWorld(t, "make private");
  const { faults } = world.simulator;
  faults.add({ kind: "withhold", connection: "cut", action: "CreateTags", when: "after", times: 3 });
  await world.tick();
  t.not(world.simulator.journal.mutating().length, 0, "the snapshots were tagged");
  await release(world, nightly);
  await carryOn(world, 1);
  const image = world.simulator.image(REGION, nightly.amiId);
  const tags = [image, ...world.simulator.snapshots(REGION)].map((thing) => thing?.tags);
  t.same([image?.permission.isPublic, ...tags], [true, {}, {}, {}]);
});
