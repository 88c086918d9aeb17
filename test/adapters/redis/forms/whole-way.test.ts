import t, { type Test } from "tap";
import { redisCheckup } from "../../../../src/adapters/redis/checkup.ts";
import { redisPlaces } from "../../../../src/adapters/redis/images/places.ts";
import { redisQueues } from "../../../../src/adapters/redis/images/queues.ts";
import { redisHearing } from "../../../../src/adapters/redis/control/hearing.ts";
import { DAY_MS } from "../../../../src/domain/time.ts";
import { checkForm } from "../../../../src/doctor/redis-form.ts";
import type { Kept } from "../../../../src/ports/index.ts";
import { carryOutOrders } from "../../../../src/operate/orders.ts";
import { silentLog } from "../../../support/run/log.ts";
import { startCluster, startSentinels, type RedisForm } from "../../../support/servers/redis/redis-forms.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER, type World } from "../../../support/world/world.ts";

const OTHERS = ["eu-west-1", "ap-south-1", "sa-east-1"];

/** An image's whole way, orders, rejected messages, the walk over all keys: every script, and every command of ours. */
async function wholeWay(t: Test, world: World, kept: Kept): Promise<void> {
  const nightly = addNightly(world);
  t.match(await world.hear(UPLOADER, nightly.message), { kind: "uploads", new: 1 });
  for (const [index, region] of OTHERS.entries())
    t.match(await world.hear(UPLOADER, addNightly(world, index + 2, region).message), { new: 1 });
  t.match(await world.hear(UPLOADER, nightly.message), { new: 0, known: 1 });
  t.match(await world.hear(UPLOADER, "no JSON"), { kind: "rejected" });
  world.clock.advance(5 * DAY_MS);
  t.same(await world.tick(), { "make-private": 1 });
  for (const region of OTHERS) t.same(await world.tick(region), { "make-private": 1 });
  t.same(await world.report(), { posted: 1, noticed: 4 });
  const order = { by: "me", why: "in use", until: null, at: world.clock.now(), composeId: null };
  const [held = ""] = OTHERS;
  const id = await world.clerk.orders.add({
    ...order,
    verb: "hold",
    images: [{ region: held, amiId: "ami-00000000000000002" }],
  });
  await carryOutOrders(world.clerk);
  t.match(await world.clerk.orders.answerTo(id), [{ region: held, amiId: "ami-00000000000000002" }]);
  t.equal(
    await world.budgets.pause("me", "a look", world.clock.now()),
    kept,
    "the pause stands on a replica, where there is one",
  );
  t.match(await world.budgets.unpause(), { by: "me" });
  world.clock.advance(10 * DAY_MS);
  t.same(await world.tick(), { delete: 1 });
  t.same(await world.tick(held), { "tag-hold": 1 }, "what is held stays");
  t.match(await world.report(), { posted: 2 });
  t.same(await world.events(), ["scheduled", "made-private", "noticed", "deleting", "deleted"]);
  const places = redisPlaces(world.connection, world.clock, PERIODS);
  const met = new Map<string, number>();
  for (let from: string | null = null, isFirst = true; isFirst || from !== null; isFirst = false) {
    const page: Awaited<ReturnType<typeof places.walk>> = await places.walk(from);
    for (const [region, amiIds] of page.records) met.set(region, (met.get(region) ?? 0) + amiIds.length);
    t.same([page.misplaced, page.lost], [[], []]);
    from = page.next;
  }
  t.same(Object.fromEntries(met), Object.fromEntries([REGION, ...OTHERS].map((region) => [region, 1])));
  await world.connection.redis.del(world.connection.keys.regions);
  t.same(await redisQueues(world.connection).regions(), [...OTHERS].sort(), "the keys tell where images are");
}

const FORMS: Readonly<Record<string, (t: Test) => Promise<RedisForm>>> = {
  "a Cluster of three masters": (t) => startCluster(t),
  "a master that a sentinel names": (t) => startSentinels(t),
};

for (const [name, start] of Object.entries(FORMS))
  t.test(`${name}: an image goes its whole way, and a run is one run`, async (t) => {
    const { url, masters, replicas } = await start(t);
    const world = await openWorld(t, { redisUrl: url });
    const hearing = redisHearing(world.connection, silentLog);
    const run = await hearing.runId();
    await wholeWay(t, world, replicas.length > 0 ? "replicated" : "alone");
    const { form, masters: known } = await redisCheckup(world.connection).form();
    t.same(
      [form, known.map(({ address, replicas: count }) => [address, count]).sort()],
      [
        replicas.length > 0 ? "sentinel" : "cluster",
        masters.map(({ port }) => [`127.0.0.1:${port}`, replicas.length]).sort(),
      ],
    );
    const findings = await checkForm(redisCheckup(world.connection));
    t.match(findings, [{ message: replicas.length > 0 ? /min-replicas-to-write is 0/ : /no replica of/ }]);
    for (let asked = 0; asked < 10; asked += 1) t.equal(await hearing.runId(), run);
    t.type(run, "string");
  });
