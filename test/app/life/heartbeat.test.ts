import t from "tap";
import { redisPulse } from "../../../src/adapters/redis/control/pulse.ts";
import { Heartbeat } from "../../../src/app/life/heartbeat.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { UpstreamError } from "../../../src/errors.ts";
import type { Marks, Pulse } from "../../../src/ports/index.ts";
import { openBench, until, uploads } from "../../support/servers/bus.ts";
import { openTestRedis } from "../../support/servers/redis.ts";
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

t.test("what could not be told because Redis was away is told by the next beat", async (t) => {
  const told: Marks[] = [];
  let isAway = true;
  const pulse: Pulse = {
    beat: (_, __, marks) => {
      if (isAway) return Promise.reject(new UpstreamError("redis", "failed", "away"));
      told.push(marks);
      return Promise.resolve();
    },
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
