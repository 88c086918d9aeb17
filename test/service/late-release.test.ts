import t, { type Test } from "tap";
import { tickRegion } from "../../src/act/tick.ts";
import { DAY_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { CallCounter, type CrashPoint } from "../support/scenes/crash.ts";
import { isWhollyPublic } from "../support/scenes/proof.ts";
import { addNightly, openWorld, REGION, UPLOADER, type Nightly, type World } from "../support/world/world.ts";

t.setTimeout(300_000);

/** An image whose ten days are over. */
async function dueToDelete(test: Test): Promise<readonly [World, Nightly]> {
  const world = await openWorld(test);
  const nightly = addNightly(world, 1);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  await world.tick();
  await world.report();
  world.clock.advance(10 * DAY_MS);
  return [world, nightly];
}

async function pass(world: World, counter: CallCounter): Promise<void> {
  const { images, schedule } = world.ticker;
  await tickRegion(REGION, { ...world.ticker, images: counter.wrap(images), schedule: counter.wrap(schedule) });
}

t.test("a release that is heard at any call of a delete saves the image, as long as it is there", async (t) => {
  const dry = new CallCounter(null);
  const [world] = await dueToDelete(t);
  await pass(world, dry);
  // Each call to EC2 asks for its claim once more when its turn has come; after that nothing can call it back.
  const [first, last] = [dry.names.indexOf("look"), dry.names.indexOf("deregister")];
  t.ok(first > 0 && last > first, dry.names.join(" "));
  const points = dry.names.flatMap((_, index): CrashPoint[] =>
    index < first || index > last ? [] : [{ call: index + 1, when: index === last ? "before" : "after" }],
  );
  for (const point of points) {
    const [world, { amiId, composeId }] = await dueToDelete(t);
    const meanwhile = (): Promise<unknown> =>
      world.hear("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: composeId } });
    await pass(world, new CallCounter(point, meanwhile));
    for (let minutes = 0; minutes < 60; minutes += 10) {
      world.clock.advance(10 * MINUTE_MS);
      await world.tick();
    }
    const where = `heard ${point.when} call ${point.call}, ${dry.names[point.call - 1] ?? ""}`;
    t.ok(isWhollyPublic(world, REGION, amiId), `${where}: public again`);
    t.match(await world.ticker.schedule.get(REGION, amiId), { stage: "kept", rule: "released-two-week" }, where);
  }
});

t.test("what is written down of a compose, and has not reached its image, saves it up to the last call", async (t) => {
  const dry = new CallCounter(null);
  const [world] = await dueToDelete(t);
  await pass(world, dry);
  const last = dry.names.lastIndexOf("settle", dry.names.indexOf("deregister"));
  for (const [what, stage] of [
    ["a release", "kept"],
    ["a hold", "held"],
  ] as const) {
    const [world, { amiId, composeId }] = await dueToDelete(t);
    const { clock, clerk, ingester, simulator } = world;
    // Whoever heard it has died before it came to the images.
    const write = (): Promise<unknown> =>
      what === "a hold"
        ? clerk.facts.hold(composeId, { by: "tester", why: "x", since: clock.now(), until: null })
        : ingester.facts.remember({ composeId, source: "pungi", released: true, at: clock.now(), by: "a message" });
    await pass(world, new CallCounter({ call: last + 1, when: "after" }, write));
    t.equal(simulator.image(REGION, amiId)?.state, "available", `${what}: it is there`);
    for (let minutes = 0; minutes < 30; minutes += 10) {
      clock.advance(10 * MINUTE_MS);
      await world.tick();
    }
    t.match(await world.ticker.schedule.get(REGION, amiId), { stage }, what);
  }
});
