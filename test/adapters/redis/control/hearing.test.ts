import t, { type Test } from "tap";
import { openRedis, type RedisConnection } from "../../../../src/adapters/redis/connection.ts";
import { redisHearing } from "../../../../src/adapters/redis/control/hearing.ts";
import { findServers } from "../../../../src/demo/servers/find.ts";
import { startRedis } from "../../../../src/demo/servers/redis.ts";
import { HOUR_MS, MINUTE_MS, type Instant } from "../../../../src/domain/time.ts";
import { silentLog } from "../../../support/run/log.ts";
import { openTestRedis, rememberHearing } from "../../../support/servers/redis/redis.ts";
import { until } from "../../../support/servers/broker/bus.ts";

/** The same Redis, whose clock is wrong by what `ms` says. */
function withClock(connection: RedisConnection, ms: () => number): RedisConnection {
  const time = (): Promise<[string, string]> => {
    const at: Instant = Date.now() + ms();
    return Promise.resolve([String(Math.floor(at / 1000)), String((at % 1000) * 1000)]);
  };
  const redis = new Proxy(connection.redis, {
    get: (target, name) => {
      if (name === "time") return time;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...connection, redis };
}

async function openServer(test: Test): Promise<{ readonly port: string; readonly connection: RedisConnection }> {
  const server = await startRedis((await findServers()).redis);
  const connection = await openRedis(server.url, "clean-amis", silentLog);
  test.teardown(async () => {
    await connection.close();
    await server.stop();
  });
  return { port: new URL(server.url).port, connection };
}

t.test("a Redis that took another one's memory is another run, though its process is the same", async (t) => {
  const [ours, poorer] = await Promise.all([openServer(t), openServer(t)]);
  const hearing = redisHearing(ours.connection, silentLog);
  const before = await hearing.runId();
  t.ok(before);
  t.equal(await hearing.runId(), before);
  const { redis } = ours.connection;
  await redis.replicaof("127.0.0.1", poorer.port);
  await until("all is copied", async () => (await redis.info("replication")).includes("master_link_status:up"));
  await redis.replicaof("NO", "ONE");
  t.not(await hearing.runId(), before);
});

t.test("once Redis' clock went back nothing that was heard counts, also when it is right again", async (t) => {
  const connection = await openTestRedis(t);
  let wrongBy = 0;
  const hearing = redisHearing(
    withClock(connection, () => wrongBy),
    silentLog,
  );
  const runId = await hearing.runId();
  await rememberHearing(connection, { heardUntil: Date.now(), runId, wholeAt: null });
  await hearing.watchClock();
  wrongBy = -2 * MINUTE_MS;
  t.equal(await hearing.runId(), null, "while it is back nobody knows which run it is");
  const another = redisHearing(
    withClock(connection, () => wrongBy),
    silentLog,
  );
  t.equal(await another.runId(), null, "nor does a process that has just started");
  await hearing.watchClock();
  t.equal((await hearing.memory()).runId, null);
  t.equal(await hearing.runId(), runId, "what is heard from now on counts");
  wrongBy = 0;
  await hearing.watchClock();
  t.equal((await hearing.memory()).runId, null, "and what was heard before does not");
});

t.test("a second that a time server took back is no sign of anything", async (t) => {
  let wrongBy = 0;
  const hearing = redisHearing(
    withClock(await openTestRedis(t), () => wrongBy),
    silentLog,
  );
  const runId = await hearing.runId();
  await hearing.watchClock();
  wrongBy = -30_000;
  t.equal(await hearing.runId(), runId);
});

t.test("a memory that was set back with the whole machine is noticed by whoever knows it as it was", async (t) => {
  const connection = await openTestRedis(t);
  let wrongBy = -HOUR_MS;
  const hearing = redisHearing(
    withClock(connection, () => wrongBy),
    silentLog,
  );
  const runId = await hearing.runId();
  await rememberHearing(connection, { heardUntil: Date.now() - HOUR_MS, runId, wholeAt: null });
  await hearing.watchClock();
  const { redis, keys } = connection;
  const copy = await redis.dumpBuffer(keys.control("ears"));
  wrongBy = 0;
  await hearing.watchClock();
  // The same process, run id and all; and its clock was right again before anybody asked.
  await redis.restore(keys.control("ears"), 0, copy, "REPLACE");
  t.equal(await hearing.runId(), null);
  await hearing.watchClock();
  t.equal((await hearing.memory()).runId, null);
});

t.test("two that note Redis' clock at the same moment set nothing back", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const hearing = redisHearing(connection, silentLog);
  await hearing.watchClock();
  const noted = Date.parse((await redis.hget(keys.control("ears"), "clock_at")) ?? "");
  await redis.hset(keys.control("ears"), "clock_at", new Date(noted - 5).toISOString());
  t.not(await hearing.runId(), null, "the other one looked first, and wrote last");
  await redis.hset(keys.control("ears"), "clock_at", new Date(noted - MINUTE_MS).toISOString());
  t.equal(await hearing.runId(), null);
});

t.test("two tasks of one process that look at Redis' clock at the same moment set nothing back", async (t) => {
  const connection = await openTestRedis(t);
  let wrongBy = -MINUTE_MS / 4;
  let whenAsked = (): Promise<void> => Promise.resolve();
  const slow = withClock(connection, () => wrongBy);
  const { redis } = slow;
  const time = async (): Promise<unknown> => {
    await whenAsked();
    return redis.time();
  };
  const asked = new Proxy(redis, { get: (at, name) => (name === "time" ? time : (Reflect.get(at, name) as unknown)) });
  const hearing = redisHearing({ ...slow, redis: asked }, silentLog);
  await hearing.watchClock();
  wrongBy = 0;
  // The other one is done in between.
  whenAsked = async () => {
    whenAsked = () => Promise.resolve();
    await hearing.watchClock();
  };
  t.not(await hearing.runId(), null);
});

t.test("once Redis' clock went back no reading that was begun goes on, nor is it remembered as heard", async (t) => {
  const connection = await openTestRedis(t);
  let wrongBy = 0;
  const hearing = redisHearing(
    withClock(connection, () => wrongBy),
    silentLog,
  );
  await hearing.watchClock();
  const runId = (await hearing.runId()) ?? "";
  const [start, end] = [1_795_000_000_000, 1_795_600_000_000];
  const lease = await hearing.lease();
  if (lease === null) throw new Error("nobody else reads");
  t.teardown(() => lease.end());
  const begun = { start, end, runId, next: 0 };
  await lease.begin("whole", begun);
  const further = await lease.advance("whole", begun);
  t.same(await hearing.reading("whole"), { ...begun, next: 1 });
  await t.rejects(lease.advance("whole", begun), { code: "reading-lost" }, "each step once");
  wrongBy = -2 * MINUTE_MS;
  await hearing.watchClock();
  t.equal(await hearing.reading("whole"), null);
  const memory = { heardUntil: end, runId, wholeAt: end };
  await t.rejects(lease.finish("whole", further, memory), { code: "reading-lost" });
  t.match(await hearing.memory(), { heardUntil: null, runId: null, wholeAt: null });
});

t.test("what stands in the place of a reading and is none is left alone, and told", async (t) => {
  const connection = await openTestRedis(t);
  const { redis, keys } = connection;
  const hearing = redisHearing(connection, silentLog);
  const key = keys.control("ears:whole");
  await redis.set(key, "not ours");
  const lease = await hearing.lease();
  if (lease === null) throw new Error("nobody else reads");
  t.teardown(() => lease.end());
  t.equal(await hearing.reading("whole"), null);
  const reading = { start: 0, end: 1000, runId: "one", next: 0 };
  await t.rejects(lease.begin("whole", reading), { code: "foreign-key" });
  t.equal(await redis.get(key), "not ours");
  await redis.del(key);
  await redis.hset(key, { start: "yesterday", end: "", run_id: "one", next: "-4" });
  t.equal(await hearing.reading("whole"), null, "it begins anew");
});
