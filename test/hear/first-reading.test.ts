import t from "tap";
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { EAGER, failOnce, hanging, openReplica, openStage, SLICES } from "../support/scenes/hearing/listening.ts";
import { rememberHearing } from "../support/servers/redis/redis.ts";

t.test(
  "after Redis came back poorer it is deaf until the whole first window was heard, also when that is stopped",
  async (t) => {
    const { world, stage, replica, now, heard, position } = await openStage(t);
    const memory = { ...heard, heardUntil: now() };
    await rememberHearing(world.connection, memory);
    stage.answer = failOnce(20);
    await t.rejects(replica.rounds.again(), { message: /down/ });
    t.match(await position("whole"), { next: "19", run_id: "first" });
    stage.run = "second";
    replica.asked.length = 0;
    const isDeaf = async (when: string): Promise<void> => {
      t.match(await replica.listen(now()), { until: null, deafness: "doubtful" }, when);
    };
    const fail = failOnce(30);
    stage.answer = async (asked) => {
      await isDeaf(`slice ${replica.asked.length} of ${SLICES}`);
      await fail(asked);
    };
    await t.rejects(replica.rounds.pass(), { message: /down/ });
    t.equal(replica.asked.length, 30, "what was read in another run counts for nothing");
    t.match(await replica.hearing.memory(), memory);
    await isDeaf("it failed");
    t.equal(await replica.rounds.again(), null, "the daily reading waits");
    t.match(await position("first"), { next: "29", run_id: "second" });
    world.clock.advance(40 * MINUTE_MS);
    stage.answer = EAGER;
    await isDeaf("it was stopped");
    t.equal(await replica.restarted().pass(), "heard");
    t.equal(replica.asked.length, 30 + 5 + 2, "it went on in its run, and heard what was said meanwhile");
    t.match(await replica.hearing.memory(), { runId: "second", heardUntil: now(), wholeAt: now() - 40 * MINUTE_MS });
    t.match(await replica.listen(now()), { deafness: null });
  },
);

t.test("a first reading in which Redis comes back poorer begins anew", async (t) => {
  const { world, stage, replica } = await openStage(t);
  const { answer, isHeld, letGo } = hanging(12);
  stage.answer = answer;
  const pass = replica.rounds.pass();
  await isHeld;
  stage.run = "second";
  letGo();
  await t.rejects(pass, { code: "reading-lost" });
  t.equal((await replica.hearing.memory()).heardUntil, null);
  replica.asked.length = 0;
  t.equal(await replica.rounds.pass(), "heard");
  t.equal(replica.asked.length, SLICES);
  t.match(await replica.listen(world.clock.now()), { deafness: null });
});

t.test(
  "one that was read to its end, and whose Redis comes back poorer at that moment, counts for nothing",
  async (t) => {
    const { world, stage, replica, now } = await openStage(t);
    const { hearing } = replica;
    const lease = await hearing.lease();
    if (lease === null) throw new Error("nobody else reads");
    const reading = { start: now() - 17 * DAY_MS, end: now(), runId: "first", next: SLICES };
    await lease.begin("first", reading);
    stage.run = "second";
    await lease.finish("first", reading, { heardUntil: now(), runId: "first", wholeAt: now() });
    await lease.end();
    t.match(await replica.listen(now()), { until: null, deafness: "doubtful" });
    t.equal(await replica.rounds.pass(), "heard");
    t.equal(replica.asked.length, SLICES);
    t.match(await replica.listen(world.clock.now()), { deafness: null });
  },
);

t.test("a first reading never goes on with the daily one, nor past its own end", async (t) => {
  const { world, stage, replica, now, heard, position, redis, keys } = await openStage(t);
  await rememberHearing(world.connection, { ...heard, heardUntil: now() });
  stage.answer = failOnce(20);
  await t.rejects(replica.rounds.again(), { message: /down/ });
  t.match(await position("whole"), { next: "19", run_id: "first" });
  await redis.hdel(keys.control("ears"), "heard_until");
  t.match(await replica.listen(now()), { deafness: "never" });
  replica.asked.length = 0;
  t.equal(await replica.rounds.pass(), "heard");
  t.equal(replica.asked.length, SLICES, "whoever forgets until when it has heard has all heard again");
  const [start, end] = [formatInstant(now() - 17 * DAY_MS), formatInstant(now())];
  await redis.hset(keys.control("ears:first"), { start, end, run_id: "first", next: SLICES + 1 });
  await redis.hdel(keys.control("ears"), "heard_until");
  replica.asked.length = 0;
  t.equal(await replica.restarted().pass(), "heard");
  t.equal(replica.asked.length, SLICES, "nobody of us wrote such a position");
});

t.test("what clocks began that were a month wrong is no part of a first reading", async (t) => {
  for (const wrongBy of [30 * DAY_MS, -30 * DAY_MS]) {
    const { world, stage, replica, now, position } = await openStage(t);
    world.clock.advance(wrongBy);
    stage.answer = failOnce(20);
    await t.rejects(replica.rounds.pass(), { message: /down/ });
    t.match(await position("first"), { next: "19", end: formatInstant(now()) });
    world.clock.advance(-wrongBy);
    stage.answer = EAGER;
    replica.asked.length = 0;
    t.match(await replica.listen(now()), { until: null, deafness: "never" });
    t.equal(await replica.restarted().pass(), "heard");
    t.equal(replica.asked.length, SLICES);
    t.match(await replica.hearing.memory(), { heardUntil: now(), wholeAt: now() });
  }
});

t.test("a replica that looks on is as deaf as the one that reads, and takes over where that one died", async (t) => {
  const { world, stage, replica: one, now, heard, position, redis, keys } = await openStage(t);
  await rememberHearing(world.connection, { ...heard, heardUntil: now() });
  const other = await openReplica(t, world, stage);
  stage.run = "second";
  const { answer, isHeld, letGo } = hanging(10);
  stage.answer = answer;
  const reading = one.rounds.pass();
  await isHeld;
  t.equal(await other.rounds.pass(), "elsewhere");
  t.equal(await other.rounds.again(), null);
  for (const each of [one, other]) t.match(await each.listen(now()), { until: null, deafness: "doubtful" });
  await redis.del(keys.control("ears:lease"));
  stage.answer = failOnce(5);
  await t.rejects(other.rounds.pass(), { message: /down/ });
  t.match(await position("first"), { next: "13" });
  for (const each of [one, other]) t.match(await each.listen(now()), { until: null, deafness: "doubtful" });
  letGo();
  t.equal(await reading, "elsewhere", "who was taken for dead remembers nothing");
  t.match(await position("first"), { next: "13" });
  t.match(await other.listen(now()), { until: null, deafness: "doubtful" });
  stage.answer = EAGER;
  t.equal(await one.rounds.pass(), "heard");
  t.equal(other.asked.length, 5);
  t.equal(one.asked.length, 10 + SLICES - 13);
  for (const each of [one, other]) t.match(await each.listen(now()), { deafness: null });
});

t.test("what was heard up to more than an hour ago is not enough, however short the rest is", async (t) => {
  const { world, stage, replica, now, heard } = await openStage(t);
  await rememberHearing(world.connection, { ...heard, heardUntil: now() - HOUR_MS });
  t.match(await replica.listen(now()), { deafness: "old" });
  stage.answer = failOnce(2);
  await t.rejects(replica.rounds.pass(), { message: /down/ });
  t.match(await replica.listen(now()), { deafness: "old" }, "the facts alone are not enough");
  t.equal(await replica.restarted().pass(), "heard");
  t.match(await replica.listen(now()), { deafness: null });
});
