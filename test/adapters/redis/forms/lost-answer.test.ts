import { randomUUID } from "node:crypto";
import t, { type Test } from "tap";
import { redisOrders } from "../../../../src/adapters/redis/control/orders.ts";
import { redisSchedule } from "../../../../src/adapters/redis/images/schedule.ts";
import { ControlLease } from "../../../../src/adapters/redis/lease.ts";
import { redisRejected } from "../../../../src/adapters/redis/rejected.ts";
import type { Image } from "../../../../src/domain/image/image.ts";
import { LossyProxy } from "../../../support/servers/lossy.ts";
import { openTestRedis, serverUrl } from "../../../support/servers/redis.ts";
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
