import t, { type Test } from "tap";
import type { Queue } from "../../../../src/domain/image/lifecycle.ts";
import { DAY_MS, toScore } from "../../../../src/domain/time.ts";
import { makePrivate, notice, hold, order, type Journey } from "../../../support/scenes/journey.ts";
import { openDatagrepperOf, reconcileIn } from "../../../support/scenes/reconcile.ts";
import { keeperOver } from "../../../support/world/keeper.ts";
import { addNightly, openWorld, PERIODS, REGION, START, UPLOADER, type World } from "../../../support/world/world.ts";

async function openJourney(t: Test): Promise<Journey> {
  const world = await openWorld(t);
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  return { ...nightly, world, datagrepper: await openDatagrepperOf(t, world) };
}

async function placeOf({ world: { connection }, amiId }: Journey) {
  const { redis, keys } = connection;
  const queues: readonly Queue[] = ["unresolved", "private", "delete", "restore", "held"];
  const scores = await Promise.all(queues.map((queue) => redis.zscore(keys.queue(REGION, queue), amiId)));
  return queues.flatMap((queue, index) => (scores[index] == null ? [] : [`${queue} ${scores[index]}`]));
}

const NOW = (world: World): number => toScore(world.clock.now());

const STANDINGS: readonly (readonly [
  string,
  Queue,
  (journey: Journey) => Promise<unknown>,
  (world: World) => number,
])[] = [
  ["public", "private", () => Promise.resolve(), () => toScore(START + PERIODS.privateAfterMs)],
  ["private and told", "delete", notice, () => toScore(START + 15 * DAY_MS)],
  ["held", "held", (journey) => hold(journey), NOW],
  [
    "being given back",
    "restore",
    async (journey) => {
      await notice(journey);
      await order(journey, "restore");
    },
    NOW,
  ],
];

for (const [what, queue, live, score] of STANDINGS)
  t.test(`an image that is ${what} is put back where it waited when its queue is lost`, async (t) => {
    const journey = await openJourney(t);
    await live(journey);
    const { redis, keys } = journey.world.connection;
    await redis.del(keys.queue(REGION, queue), keys.images(REGION), keys.regions);
    t.same(await placeOf(journey), []);
    const [told] = await reconcileIn(journey.world);
    t.match(told, { kind: "queue", amiId: journey.amiId, isMended: false });
    t.same(await placeOf(journey), [], "reconcile without --apply writes nothing");
    t.equal(await keeperOver(journey.world.connection, journey.world.clock).finish(), 1);
    t.same(await placeOf(journey), [`${queue} ${score(journey.world)}`]);
    t.same(await redis.smembers(keys.images(REGION)), [journey.amiId]);
    t.same(await redis.smembers(keys.regions), [REGION]);
    t.equal(await keeperOver(journey.world.connection, journey.world.clock).finish(), 0, "and that is all");
  });

t.test("a region that is lost from the list of regions is found again, while others are listed", async (t) => {
  const journey = await openJourney(t);
  const { redis, keys } = journey.world.connection;
  await redis.del(keys.regions);
  await redis.sadd(keys.regions, "eu-west-1");
  t.equal(await keeperOver(journey.world.connection, journey.world.clock).finish(), 1);
  t.same((await redis.smembers(keys.regions)).sort(), ["eu-west-1", REGION]);
  t.equal(await keeperOver(journey.world.connection, journey.world.clock).finish(), 0);
});

t.test("a lost place is found again by a repeated message, and by reconcile --apply", async (t) => {
  const journey = await openJourney(t);
  const { redis, keys } = journey.world.connection;
  const here = [`private ${toScore(START + PERIODS.privateAfterMs)}`];
  await redis.del(keys.queue(REGION, "private"), keys.images(REGION), keys.composeImages(REGION, journey.composeId));
  await journey.world.hear(UPLOADER, journey.message);
  t.same(await placeOf(journey), here);
  t.equal(await redis.scard(keys.composeImages(REGION, journey.composeId)), 1);
  await redis.del(keys.queue(REGION, "private"));
  t.match(await reconcileIn(journey.world, { isApplied: true }), [{ kind: "queue", isMended: true }]);
  t.same(await placeOf(journey), here);
});

t.test("an image stands in one queue alone, and what waits for its notice in none", async (t) => {
  const journey = await openJourney(t);
  const { redis, keys } = journey.world.connection;
  await redis.zadd(keys.queue(REGION, "delete"), 0, journey.amiId);
  t.equal(await keeperOver(journey.world.connection, journey.world.clock).finish(), 1);
  t.same(await placeOf(journey), [`private ${toScore(START + PERIODS.privateAfterMs)}`]);
  await makePrivate(journey);
  t.equal(await keeperOver(journey.world.connection, journey.world.clock).finish(), 0);
  t.same(await placeOf(journey), []);
});

t.test("an image whose record is lost is found again by its compose, with all of its days", async (t) => {
  const journey = await openJourney(t);
  const { world, amiId } = journey;
  const { redis, keys } = world.connection;
  world.clock.advance(4 * DAY_MS);
  await redis.del(keys.image(REGION, amiId), keys.queue(REGION, "private"));
  await keeperOver(world.connection, world.clock).finish();
  t.match(world.connection.strangers.list(), [{ problem: /has no record any more: clean-amis reconcile --apply/ }]);
  t.match(await reconcileIn(world), [{ kind: "no-record", amiId, isMended: false }]);
  t.equal(await redis.exists(keys.image(REGION, amiId)), 0);
  t.match(await reconcileIn(world, { isApplied: true }), [{ kind: "no-record", amiId, isMended: true }]);
  t.same(await placeOf(journey), [`private ${NOW(world) + toScore(PERIODS.privateAfterMs)}`]);
  t.same(await reconcileIn(world), []);
  t.same(world.connection.strangers.list(), [], "and it is told no more");
});
