import t, { type Test } from "tap";
import { redisBreakers } from "../../../../src/adapters/redis/control/breakers.ts";
import { redisOrders } from "../../../../src/adapters/redis/control/orders.ts";
import { redisBudgets } from "../../../../src/adapters/redis/control/budgets.ts";
import { redisPulse } from "../../../../src/adapters/redis/control/pulse.ts";
import { redisCounts } from "../../../../src/adapters/redis/images/counts.ts";
import { redisQueues } from "../../../../src/adapters/redis/images/queues.ts";
import { redisSchedule } from "../../../../src/adapters/redis/images/schedule.ts";
import { redisJournal } from "../../../../src/adapters/redis/journal.ts";
import { redisRejected } from "../../../../src/adapters/redis/rejected.ts";
import type { RedisConnection } from "../../../../src/adapters/redis/connection.ts";
import { MINUTE_MS } from "../../../../src/domain/time.ts";
import { readStats } from "../../../../src/inspect/stats.ts";
import { addDue } from "../../../support/program/listing.ts";
import { silentLog } from "../../../support/run/log.ts";
import { openTestRedis } from "../../../support/servers/redis/redis.ts";
import { SettableClock } from "../../../support/world/clock.ts";
import { AMIS, fullCount, openCounting } from "../../../support/scenes/counting.ts";
import { hearsAll, PERIODS, REGION, START } from "../../../support/world/world.ts";

async function isWhole(t: Test, connection: RedisConnection, what: string): Promise<void> {
  const { images, ...counted } = await redisCounts(connection).read(REGION);
  t.same(counted, await fullCount(connection), what);
  t.equal(images, await connection.redis.scard(connection.keys.images(REGION)));
}

t.test("each script that writes a stage, an error or a date keeps the counts, with no walk", async (t) => {
  const connection = await openTestRedis(t);
  const { add, change, notice, counts, walk, redis, keys } = openCounting(connection);
  for (const amiId of AMIS) await add(amiId);
  await add(AMIS[0] ?? "");
  await isWhole(t, connection, "heard, one twice");
  await change(AMIS[0] ?? "", "private");
  await change(AMIS[1] ?? "", "private", "permission: denied");
  await isWhole(t, connection, "two private and untold, one refused");
  await notice(AMIS[0] ?? "");
  await change(AMIS[1] ?? "", "deleted");
  await change(AMIS[2] ?? "", "gone");
  await isWhole(t, connection, "one told, one deleted, one gone");
  t.match(await redis.hgetall(keys.counts(REGION)), { "stage:private": "1", "stage:public": "1" });
  t.equal(await redis.hexists(keys.counts(REGION), "untold"), 0, "what is none is not there");
  t.equal(await redis.hexists(keys.image(REGION, AMIS[1] ?? ""), "counted"), 0);
  await redis.sadd(keys.images(REGION), AMIS[1] ?? "");
  await walk();
  t.match(
    await counts.read(REGION),
    { images: 2, stages: { private: 1, public: 1 } },
    "what is over stands among them no more",
  );
});

t.test("while a walk counts anew, what stands is what was counted before and what happens now", async (t) => {
  const connection = await openTestRedis(t);
  const { add, change, counts, schedule } = openCounting(connection);
  const [one = "", two = "", three = ""] = AMIS;
  for (const amiId of [one, two]) await add(amiId);
  const epoch = await counts.begin(REGION);
  t.equal(await counts.begin(REGION), epoch, "another replica joins");
  await counts.count(REGION, [one, one]);
  await change(one, "held");
  await change(two, "kept");
  await add(three);
  await isWhole(t, connection, "in the middle");
  await counts.count(REGION, AMIS);
  await counts.finish(REGION, epoch);
  await isWhole(t, connection, "at its end");
  await counts.finish(REGION, epoch);
  await isWhole(t, connection, "and when another ends it too");
  t.equal(await schedule.countLive(REGION), 3);
});

t.test("counts that were lost, or hold what is no number, begin anew with what is written from then on", async (t) => {
  const connection = await openTestRedis(t);
  const { add, change, counts, redis, keys } = openCounting(connection);
  const [one = "", two = ""] = AMIS;
  for (const amiId of AMIS) await add(amiId);
  await redis.del(keys.counts(REGION));
  await change(one, "kept");
  await change(one, "held");
  t.same(await counts.read(REGION), { images: AMIS.length, stages: { held: 1 }, errors: {}, untold: 0 });
  await redis.hset(keys.counts(REGION), "stage:held", "{");
  await change(one, "kept");
  await change(one, "held");
  await change(two, "private");
  t.same((await counts.read(REGION)).stages, { held: 1, private: 1 });
});

t.test("a key of another type in the place of the counts harms no image, and is told to who asks", async (t) => {
  const connection = await openTestRedis(t);
  const { add, change, counts, walk, redis, keys, schedule } = openCounting(connection);
  await redis.set(keys.counts(REGION), "somebody else's");
  await add(AMIS[0] ?? "");
  await change(AMIS[0] ?? "", "kept");
  await walk();
  t.equal((await schedule.get(REGION, AMIS[0] ?? ""))?.stage, "kept");
  await t.rejects(counts.read(REGION), { code: "foreign-key", message: /counts' 'clean|redis-cli RENAME/ });
  await redis.del(keys.counts(REGION));
  await walk();
  await isWhole(t, connection, "when it has been moved away");
});

t.test("figures take the same commands, however many images there are", async (t) => {
  const connection = await openTestRedis(t);
  const clock = new SettableClock(START);
  const schedule = redisSchedule(connection, clock, PERIODS);
  const limits = { maxDeletesPerDay: 1, maxPrivatePerDay: 1, maxShareOfRegion: 1 };
  const reader = {
    schedule,
    queues: redisQueues(connection),
    counts: redisCounts(connection),
    breakers: redisBreakers(connection),
    budgets: redisBudgets(connection, limits),
    listen: () => Promise.resolve(hearsAll(clock)),
    journal: redisJournal(connection, "log", silentLog),
    busJournal: null,
    pulse: redisPulse(connection),
    rejected: redisRejected(connection),
    orders: redisOrders(connection),
  };
  const { redis } = connection;
  const send = redis.sendCommand.bind(redis);
  let commands = 0;
  redis.sendCommand = (...args: Parameters<typeof send>) => {
    commands += 1;
    return send(...args);
  };
  const ask = async (images: number): Promise<number> => {
    commands = 0;
    const { regions } = await readStats(START, reader, t.fail.bind(t));
    t.match(regions, [{ images, counted: images, stages: { public: images } }]);
    return commands;
  };
  const dueAt = (count: number) => Array.from({ length: count }, (_, index) => START + index * MINUTE_MS);
  await addDue(connection, REGION, dueAt(1));
  const few = await ask(1);
  await addDue(connection, REGION, dueAt(1500));
  t.equal(await ask(1501), few);
});
