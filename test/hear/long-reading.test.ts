import t from "tap";
import { DAY_MS, formatInstant, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { EAGER, failing, failOnce, hanging, isOld, openStage, SLICES } from "../support/scenes/hearing/listening.ts";
import { rememberHearing } from "../support/servers/redis/redis.ts";

t.test("what is new is heard and remembered before the long reading", async (t) => {
  const { world, stage, replica, now, heard } = await openStage(t);
  await rememberHearing(world.connection, heard);
  stage.answer = failing(isOld(now()));
  t.equal(await replica.rounds.pass(), "heard");
  t.match(await replica.hearing.memory(), { heardUntil: now(), wholeAt: heard.wholeAt });
  t.same(
    replica.asked.map(({ start, end }) => [start, end]),
    Array.from({ length: 2 }, () => [heard.heardUntil - 2 * HOUR_MS, now()]),
    "facts and uploads of three hours",
  );
  await t.rejects(replica.rounds.again(), { message: /down/ });
  t.match(await replica.hearing.memory(), { heardUntil: now(), wholeAt: heard.wholeAt });
});

t.test("a long reading that is stopped goes on where it was", async (t) => {
  const { world, stage, replica, now, heard, position } = await openStage(t);
  const begun = now();
  await rememberHearing(world.connection, { ...heard, heardUntil: begun });
  stage.answer = failOnce(10);
  await t.rejects(replica.rounds.again(), { message: /down/ });
  t.match(await position("whole"), { start: formatInstant(begun - 17 * DAY_MS), end: formatInstant(begun), next: "9" });
  world.clock.advance(MINUTE_MS / 2);
  const stop = new AbortController();
  let slices = 0;
  const step = (): void => {
    slices += 1;
    if (slices === 5) stop.abort();
  };
  await replica.restarted().again({ step, stop: stop.signal });
  t.match(await position("whole"), { end: formatInstant(begun), next: "14" }, "and a stop comes between two slices");
  t.equal(await replica.restarted().again(), "heard");
  t.equal(replica.asked.length, SLICES + 1, "what failed was asked for twice, and nothing else");
  const days = new Set(replica.asked.map(({ start, categories }) => `${start} ${String(categories)}`));
  t.equal(days.size, SLICES);
  t.match(await replica.hearing.memory(), { heardUntil: begun, wholeAt: begun });
  t.same(await position("whole"), {});
  t.equal(await replica.restarted().again(), null, "and that was all for today");
});

t.test(
  "an archive that fails in the long stretch does not make the service deaf, and is told when it was not read for three days",
  async (t) => {
    const { world, stage, replica, now, heard, position } = await openStage(t);
    const begun = now();
    await rememberHearing(world.connection, { ...heard, heardUntil: begun, wholeAt: begun - DAY_MS });
    const bad = begun - 12 * DAY_MS + HOUR_MS;
    stage.answer = failing(({ start, end }) => start <= bad && bad < end);
    let failures = 0;
    for (let looks = 0; looks < 50 * 6; looks += 1) {
      world.clock.advance(10 * MINUTE_MS);
      await replica.rounds.pass();
      await replica.rounds.again().catch(() => (failures += 1));
      const { deafness, lateSince } = await replica.listen(world.clock.now());
      if (deafness !== null) t.fail(`deaf (${deafness}) after ${looks} looks`);
      const isLate = world.clock.now() >= begun + 2 * DAY_MS;
      if (isLate !== (lateSince !== null)) t.fail(`late since ${lateSince} after ${looks} looks`);
      if (!isLate) t.same(replica.warnings, []);
    }
    t.ok(failures > 10, "it is tried again and again");
    t.match(await position("whole"), { next: "5" });
    t.same(replica.warnings, [
      "what came late to the archive of messages is not heard: the first window is not read to its end",
    ]);
    stage.answer = EAGER;
    world.clock.advance(5 * MINUTE_MS);
    replica.asked.length = 0;
    await replica.rounds.again();
    t.equal(replica.asked.length, SLICES - 5);
  },
);

t.test("a long reading that hangs keeps nothing new waiting, also when its lease runs out meanwhile", async (t) => {
  const { world, stage, replica, now, heard, position, redis, keys } = await openStage(t);
  await rememberHearing(world.connection, { ...heard, heardUntil: now() });
  const { answer, isHeld, letGo } = hanging(8);
  stage.answer = answer;
  const again = replica.rounds.again();
  await isHeld;
  for (const isLost of [false, true]) {
    world.clock.advance(30 * MINUTE_MS);
    if (isLost) await redis.del(keys.control("ears:lease"));
    // Under a lease that is lost nothing is remembered; it is noticed then, and taken anew.
    if (isLost) t.equal(await replica.rounds.pass(), "elsewhere");
    t.equal(await replica.rounds.pass(), "heard");
    t.equal((await replica.hearing.memory()).heardUntil, now());
  }
  letGo();
  t.equal(await again, "elsewhere", "what was read without a lease counts for nothing");
  t.match(await position("whole"), { next: "7" });
});

t.test("a long reading makes room for what is new between two slices", async (t) => {
  const { world, stage, replica, now, heard, position } = await openStage(t);
  await rememberHearing(world.connection, { ...heard, heardUntil: now() });
  stage.answer = () => {
    world.clock.advance(7 * MINUTE_MS);
    return Promise.resolve();
  };
  await replica.rounds.again();
  t.match(await position("whole"), { next: "5" }, "after 35 minutes of 30");
  t.equal(await replica.rounds.again(), null, "first what is new");
  t.equal(await replica.rounds.pass(), "heard");
  await replica.rounds.again();
  t.match(await position("whole"), { next: /^(?:8|9)$/ });
});

t.test("after a long stop what is new is long as well, and goes on where it was", async (t) => {
  const { world, stage, replica, now, heard } = await openStage(t);
  const { redis, keys } = world.connection;
  await rememberHearing(world.connection, { ...heard, heardUntil: now() - 10 * DAY_MS });
  stage.answer = failOnce(15);
  await t.rejects(replica.rounds.pass(), { message: /down/ });
  t.match(await redis.hgetall(keys.control("ears:new")), { next: "14", run_id: "first" });
  t.equal(await replica.restarted().pass(), "heard");
  t.equal(replica.asked.length, 22 + 1);
  t.equal((await replica.hearing.memory()).heardUntil, now());
});
