import { randomUUID } from "node:crypto";
import t, { type Test } from "tap";
import { whileWanted } from "../../../../src/adapters/abandon.ts";
import { redisOrders } from "../../../../src/adapters/redis/control/orders.ts";
import { redisSchedule } from "../../../../src/adapters/redis/images/schedule.ts";
import { ControlLease } from "../../../../src/adapters/redis/lease.ts";
import { redisRejected } from "../../../../src/adapters/redis/rejected.ts";
import type { Image } from "../../../../src/domain/image/image.ts";
import { LossyProxy } from "../../../support/servers/lossy.ts";
import { openTestRedis, serverUrl } from "../../../support/servers/redis/redis.ts";
import { SettableClock } from "../../../support/world/clock.ts";
import { PERIODS, REGION, START } from "../../../support/world/world.ts";

async function openLossy(t: Test) {
  const proxy = await LossyProxy.open(serverUrl("TEST_REDIS_URL"));
  t.teardown(() => proxy.close());
  const connection = await openTestRedis(t, proxy.url);
  return { proxy, connection };
}

t.test("an answer that is lost after the command was done doubles nothing", async (t) => {
  const { proxy, connection } = await openLossy(t);
  const { redis, keys } = connection;

  const leaseKey = keys.control("requests:lease");
  proxy.loseAnswerTo(leaseKey);
  const lease = await ControlLease.take(redis, leaseKey, 60_000);
  t.ok(await lease?.renew(), "a lease that is ours already is ours");
  t.equal(await ControlLease.take(redis, leaseKey, 60_000), null, "and nobody else's");

  const orders = redisOrders(connection);
  const order = { verb: "hold", by: "me", why: "x", until: null, at: 0, composeId: null, images: [] } as const;
  // The scripts are known by then, so that the next call is one command.
  await orders.add(order);
  proxy.loseAnswerTo(keys.control("requests"));
  const id = await orders.add(order);
  t.match(
    (await orders.waiting(10)).map((each) => each.id),
    [/-/, id],
    "an order is queued once",
  );
  t.equal((await orders.waiting(10)).length, 2);

  const rejected = redisRejected(connection);
  const entry = { reason: "no JSON", messageId: "1", topic: "x", sentAt: "", at: 0, body: Buffer.from("{") };
  await rejected.add(entry);
  const other = { ...entry, messageId: randomUUID() };
  proxy.loseAnswerTo(other.messageId);
  await rejected.add(other);
  t.equal(await rejected.count(), 2, "a rejected message stands once");
  t.equal(proxy.lost, 3, "three answers were lost");
});

t.test("a lease whose end Redis has not heard of, or has forgotten, keeps waiting nobody who had it", async (t) => {
  const { redis, keys } = await openTestRedis(t);
  const leaseKey = keys.control("comments:pagure:lease");
  const take = (): Promise<ControlLease | null> => ControlLease.take(redis, leaseKey, 60_000);
  const other = await openTestRedis(t);
  const takenByOther = (): Promise<ControlLease | null> => ControlLease.take(other.redis, leaseKey, 60_000);

  const first = await take();
  redis.disconnect();
  await t.rejects(first?.end() ?? Promise.resolve(), "Redis is away");
  t.equal(await takenByOther(), null, "of nobody else it is known that nothing is under way");
  await t.rejects(take(), "and still is");
  await redis.connect();
  const second = await take();
  t.ok(second, "who had it has it at once");

  await second?.end();
  await other.redis.set(leaseKey, second?.token ?? "", "PX", 60_000);
  const third = await take();
  t.ok(third, "also where a replica that was promoted knows nothing of the end");
  t.equal(await take(), null, "but not twice at a time");

  const given = new AbortController();
  const fourth = await whileWanted(given.signal, async () => {
    given.abort(new Error("given up"));
    await third?.end().catch(() => undefined);
    return third;
  });
  await other.redis.set(leaseKey, fourth?.token ?? "", "PX", 60_000);
  t.equal(await take(), null, "and what was given up must run out");
});

t.test("images whose claim was answered to nobody are not left lying until their lease ends", async (t) => {
  const { proxy, connection } = await openLossy(t);
  const schedule = redisSchedule(connection, new SettableClock(START), PERIODS);
  const [now, until] = [START + PERIODS.privateAfterMs, START + PERIODS.privateAfterMs + PERIODS.leaseMs];
  const claim = (queue: "private" | "held", token: string, most: number): Promise<readonly Image[]> =>
    schedule.claim(REGION, queue, { token, now, until }, most);
  for (const amiId of ["ami-00000001", "ami-00000002", "ami-00000003"]) {
    const upload = { region: REGION, amiId, composeId: "Fedora-Rawhide-20261120.n.0", imageName: null, arch: null };
    const decision = { kind: "delete", rule: "nightly", reason: "a nightly" } as const;
    await schedule.add({ ...upload, uploadedAt: START }, decision, "test");
  }
  // The script is known by then.
  await claim("held", "x", 1);
  const ours = "a token of ours";
  proxy.loseAnswerTo(ours);
  const first = await claim("private", ours, 1);
  t.equal(proxy.lost, 1);
  const rest = await claim("private", "another token", 3);
  const amiIds = [...first, ...rest].map(({ amiId }) => amiId);
  t.same(amiIds, ["ami-00000001", "ami-00000002", "ami-00000003"]);
});
