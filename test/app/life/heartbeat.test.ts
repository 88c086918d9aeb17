import t from "tap";
import { redisPulse } from "../../../src/adapters/redis/control/pulse.ts";
import { Heartbeat } from "../../../src/app/life/heartbeat.ts";
import { DAY_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { UpstreamError } from "../../../src/errors.ts";
import type { Marks, Pulse } from "../../../src/ports/index.ts";
import { openBench, until, uploads } from "../../support/servers/broker/bus.ts";
import { openTestRedis } from "../../support/servers/redis/redis.ts";
import { SettableClock } from "../../support/world/clock.ts";
import { START } from "../../support/world/world.ts";

t.test("a running service says when it ticked and heard last, and which replica it is, until it ends", async (t) => {
  const bench = await openBench(t);
  const service = await bench.start();
  const control = (name: string): string => `${bench.at.prefix}:{control}:${name}`;
  const { redis } = await openTestRedis(t);
  await bench.publisher.send(uploads(1));
  await until("the first pass and the message are told", async () => {
    const status = await redis.hgetall(control("status"));
    return status["last_tick"] !== undefined && status["last_message"] !== undefined;
  });
  t.equal(await redis.zcard(control("replicas")), 1);
  t.match((await redis.zrevrange(control("replicas"), 0, -1))[0], /^\S+-[0-9a-f]{8}$/);
  t.equal(await service.end("SIGTERM"), 0);
  t.equal(await redis.zcard(control("replicas")), 0);
});

t.test("a replica that is not seen for a day is forgotten; what happened last stays", async (t) => {
  const connection = await openTestRedis(t);
  const pulse = redisPulse(connection);
  await pulse.beat("old", START, { tick: START });
  await pulse.beat("new", START + DAY_MS + 1000, { message: START + DAY_MS });
  t.same(await pulse.signs(), {
    marks: { tick: START, message: START + DAY_MS },
    replicas: [{ id: "new", seenAt: START + DAY_MS + 1000 }],
    hung: [],
  });
});

t.test(
  "those that gave a sign within ninety seconds live, whoever's clock is ahead; the others share what is left",
  async (t) => {
    const pulse = redisPulse(await openTestRedis(t));
    t.equal(await pulse.beat("one", START, {}), 1);
    t.equal(await pulse.beat("two", START + 60 * SECOND_MS, {}), 2, "its clock is a minute ahead");
    t.equal(await pulse.beat("one", START + 5 * SECOND_MS, {}), 2);
    const [clock, once] = [new SettableClock(START + 6 * SECOND_MS), new SettableClock(START + 7 * SECOND_MS)];
    const third = new Heartbeat(pulse, clock, "three");
    t.equal(third.replicas, 1);
    await third.beat();
    t.equal(third.replicas, 3);
    const pass = new Heartbeat(pulse, once, "a pass of cron");
    await pass.joinOnce();
    t.equal(pass.replicas, 4);
    await pulse.leave("two");
    clock.advance(90 * SECOND_MS);
    await third.beat();
    t.equal(third.replicas, 1, "one has ended, and one is not seen any more");
  },
);

t.test("what could not be told because Redis was away is told by the next beat", async (t) => {
  const told: Marks[] = [];
  let isAway = true;
  const pulse: Pulse = {
    beat: (_, __, marks) => {
      if (isAway) return Promise.reject(new UpstreamError("redis", "failed", "away"));
      told.push(marks);
      return Promise.resolve(1);
    },
    living: () => Promise.resolve(1),
    leave: () => Promise.resolve(),
    signs: () => Promise.resolve({ marks: {}, replicas: [], hung: [] }),
  };
  const clock = new SettableClock(START);
  const heartbeat = new Heartbeat(pulse, clock, "one");
  heartbeat.mark("tick");
  heartbeat.mark("notice");
  await t.rejects(heartbeat.beat(), UpstreamError);
  clock.advance(1000);
  heartbeat.mark("tick");
  isAway = false;
  await heartbeat.beat();
  await heartbeat.beat();
  t.same(told, [{ tick: START + 1000, notice: START }, {}]);
});

t.test("a foreign key where signs of life belong does not stop the service", async (t) => {
  const connection = await openTestRedis(t);
  await connection.redis.set(connection.keys.control("replicas"), "not ours");
  await t.rejects(redisPulse(connection).beat("one", START, {}), { name: "RefusedError", code: "foreign-key" });
});
