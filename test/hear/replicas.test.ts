import t from "tap";
import { DAY_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { hanging, openReplica, openStage, SLICES } from "../support/scenes/hearing/listening.ts";

t.test("two replicas: one hears; the other takes over when it dies", async (t) => {
  const { world, stage, replica: one, now, position, redis, keys } = await openStage(t);
  const other = await openReplica(t, world, stage);
  const { answer, isHeld, letGo } = hanging(6);
  stage.answer = answer;
  const reading = one.rounds.pass();
  await isHeld;
  t.equal(await other.rounds.pass(), "elsewhere");
  t.equal(other.asked.length, 0);
  const lifeMs = await redis.pttl(keys.control("ears:lease"));
  t.ok(lifeMs > 0 && lifeMs <= MINUTE_MS, "a process that dies keeps it for less than a minute");
  await redis.del(keys.control("ears:lease"));
  t.equal(await other.rounds.pass(), "heard");
  t.equal(other.asked.length, SLICES - 5, "from where the first one was");
  const memory = await one.hearing.memory();
  t.match(memory, { heardUntil: now(), wholeAt: now() });
  letGo();
  t.equal(await reading, null, "the loser remembers nothing, and sees that all is heard");
  t.same(await one.hearing.memory(), memory);
  t.same(await position("first"), {});
  world.clock.advance(10 * MINUTE_MS);
  t.same([await one.rounds.pass(), await other.rounds.pass()], [null, null], "both look at what is remembered");
});

t.test("who lost its lease to another process remembers nothing of what it read", async (t) => {
  const { stage, replica, position, redis, keys } = await openStage(t);
  const { answer, isHeld, letGo } = hanging(SLICES);
  stage.answer = answer;
  const reading = replica.rounds.pass();
  await isHeld;
  await redis.set(keys.control("ears:lease"), "another process", "PX", MINUTE_MS);
  letGo();
  t.equal(await reading, "elsewhere");
  t.equal((await replica.hearing.memory()).heardUntil, null);
  t.match(await position("first"), { next: String(SLICES - 1) });
  t.equal(await redis.get(keys.control("ears:lease")), "another process");
});

t.test("a lease that a clock wrote which was ahead keeps nobody from reading for longer than another", async (t) => {
  const { replica, redis, keys } = await openStage(t);
  const key = keys.control("ears:lease");
  await redis.set(key, "a process that has died", "PX", 30 * DAY_MS);
  t.equal(await replica.rounds.pass(), "elsewhere");
  t.ok((await redis.pttl(key)) <= MINUTE_MS);
});
