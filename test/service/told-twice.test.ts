import t, { type Test } from "tap";
import { toldIn } from "../../src/domain/report/told.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../src/domain/time.ts";
import { dumpOf, loseRedis } from "../support/scenes/reconcile.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER, type World } from "../support/world/world.ts";

/** Images that are due to be made private, of nightlies that were heard. */
async function openDue(t: Test, count: number): Promise<{ readonly world: World; readonly amiIds: readonly string[] }> {
  const world = await openWorld(t);
  const nightlies = Array.from({ length: count }, (_, index) => addNightly(world, index + 1));
  for (const { message } of nightlies) await world.hear(UPLOADER, message);
  world.clock.advance(PERIODS.privateAfterMs);
  return { world, amiIds: nightlies.map(({ amiId }) => amiId) };
}

/** Redis as a crash leaves it that lost what was written since. */
async function cutBack(world: World, dump: Readonly<Record<string, string>>): Promise<void> {
  await loseRedis(world);
  for (const [key, value] of Object.entries(dump))
    await world.connection.redis.restore(key, 0, Buffer.from(value, "base64"));
  // Nobody who held a lease is there any more.
  const { redis, keys } = world.connection;
  await redis.del(keys.control("reporter:pagure:lease"));
}

/** How often each image stands in a table "Made private", and in one that says that it is told again. */
function tellings(world: World, amiIds: readonly string[]): { readonly first: number[]; readonly again: number[] } {
  const told = world.posts().flatMap(toldIn);
  const again = world
    .posts()
    .flatMap((post) => post.split(/^## /m).filter((section) => section.startsWith("Told again: Made private")));
  return {
    first: amiIds.map((amiId) => told.filter((each) => each.amiId === amiId && each.section === "made-private").length),
    again: amiIds.map((amiId) => again.filter((section) => section.includes(amiId)).length),
  };
}

async function deadlines(world: World, amiIds: readonly string[]): Promise<number[]> {
  const images = await Promise.all(amiIds.map((amiId) => world.reporter.schedule.get(REGION, amiId)));
  return images.map((image) => image?.deleteAt ?? NaN);
}

t.test("a post that Redis forgot is not told as news again, and its days only grow", async (t) => {
  const { world, amiIds } = await openDue(t, 3);
  await world.tick();
  const dump = await dumpOf(world);
  await world.report();
  const before = await deadlines(world, amiIds);
  await cutBack(world, dump);
  world.clock.advance(3 * SECOND_MS);
  // Something more happened: the next post is not the same one.
  const more = addNightly(world, 4);
  await world.hear(UPLOADER, more.message, world.clock.now() - PERIODS.privateAfterMs);
  world.simulator.changeImage(REGION, more.amiId, { createdAt: world.clock.now() - 6 * DAY_MS });
  await world.tick();
  t.same((await world.report()).noticed, 4);
  const all = [...amiIds, more.amiId];
  t.same(tellings(world, all), { first: [1, 1, 1, 1], again: [1, 1, 1, 0] });
  const after = await deadlines(world, amiIds);
  for (const [index, at] of after.entries()) t.ok(at >= (before[index] ?? Infinity), "same or later");
});

t.test("an act that Redis forgot together with its post is done again, and told as a repetition", async (t) => {
  const { world, amiIds } = await openDue(t, 3);
  const dump = await dumpOf(world);
  await world.tick();
  await world.report();
  const before = await deadlines(world, amiIds);
  await cutBack(world, dump);
  world.clock.advance(MINUTE_MS);
  await world.tick();
  t.same((await world.report()).noticed, 3);
  t.same(tellings(world, amiIds), { first: [1, 1, 1], again: [1, 1, 1] });
  t.match(
    world.posts().at(-1),
    /## Told again: Made private \(3\)\n\n[^\n]*earlier post[^\n]*\n\nNone of these images is deleted before \*\*2026-12-09/,
  );
  for (const [index, at] of (await deadlines(world, amiIds)).entries()) t.ok(at >= (before[index] ?? Infinity));
});

t.test("what was told right before midnight is known on the next day", async (t) => {
  const { world, amiIds } = await openDue(t, 1);
  world.clock.advance(16 * 60 * MINUTE_MS - SECOND_MS);
  const dump = await dumpOf(world);
  await world.tick();
  await world.report();
  await cutBack(world, dump);
  world.clock.advance(MINUTE_MS);
  await world.tick();
  await world.report();
  t.equal(world.pagure.tracker.issues("ami-reports").length, 2, "two days");
  t.same(tellings(world, amiIds), { first: [1], again: [1] });
});

t.test("an act that truly happens twice on one day is news twice", async (t) => {
  const { world, amiIds } = await openDue(t, 1);
  await world.tick();
  await world.report();
  const [amiId = ""] = amiIds;
  for (let time = 0; time < 2; time += 1) {
    const image = await world.reporter.schedule.get(REGION, amiId);
    if (image === null) throw new Error("lost");
    const wait = { queue: "private" as const, wakeAt: world.clock.now() };
    const fields = { madePrivateAt: null, noticedAt: null, deleteAt: null };
    await world.reporter.schedule.change(image, { stage: "public", wait, fields, event: null });
    world.clock.advance(MINUTE_MS);
    await world.tick();
    await world.report();
  }
  t.same(tellings(world, amiIds), { first: [3], again: [0] });
});
