import t from "tap";
import { redisBudgets } from "../../../../src/adapters/redis/control/budgets.ts";
import { DAY_MS, dayOf, HOUR_MS, MINUTE_MS } from "../../../../src/domain/time.ts";
import {
  DAY,
  FEW,
  GENEROUS,
  LIMITS,
  REGION,
  TOMORROW,
  image,
  numbers,
  open,
  openSecond,
  reserveAll,
  usualDays,
} from "../../../support/scenes/budgets.ts";
import { START } from "../../../support/world/world.ts";

t.test(
  "a hundred reservations at once from two replicas never exceed the day's budget, and stop that act",
  async (t) => {
    const { connection, budgets, redis, daysKey } = await open(t, { ...LIMITS, maxDeletesPerDay: 37 });
    const second = await openSecond(connection);
    t.teardown(() => second.close());
    const replicas = [budgets, redisBudgets(second, { ...LIMITS, maxDeletesPerDay: 37 })];
    const reservations = numbers(50).flatMap((number) =>
      // In four regions, so that only the day's budget can be the one that stops them.
      replicas.map((replica, index) => {
        const region = `us-${number % 2 === 0 ? "east" : "west"}-${index + 1}`;
        return replica.reserve("delete", image(number, region), FEW, START);
      }),
    );
    const answers = await Promise.all(reservations);
    t.equal(answers.filter((stop) => stop === null).length, 37);
    const reason = `37 deletes on ${DAY} are the budget max_deletes_per_day`;
    t.same(await budgets.stops(), [{ kind: "delete", since: START, reason }]);
    t.same(new Set(answers.map((stop) => stop?.reason)), new Set([undefined, reason]));
    t.equal(await budgets.spent("delete", START), 37);
    t.equal(await redis.hget(daysKey("delete"), DAY), "37");
  },
);

t.test("the two kinds of act have budgets of their own, and each day has a new one", async (t) => {
  const { budgets } = await open(t);
  t.equal(await reserveAll(budgets, numbers(5)), 5, "the whole budget, and it is not stopped yet");
  t.same(await budgets.stops(), []);
  t.equal(await reserveAll(budgets, numbers(5, 10), FEW, TOMORROW), 5);
  t.equal(await reserveAll(budgets, [99], FEW, TOMORROW), 0);
  t.equal(await budgets.reserve("private", image(99), FEW, TOMORROW), null);
  t.equal((await budgets.stops()).length, 1);
});

t.test(
  "an image that is reserved again the same day costs nothing, also when several replicas do so at once",
  async (t) => {
    const { budgets } = await open(t);
    const answers = await Promise.all(numbers(40).map(() => budgets.reserve("delete", image(1), FEW, START)));
    t.same(new Set(answers), new Set([null]));
    t.equal(await budgets.spent("delete", START), 1);
    t.equal(await reserveAll(budgets, [1, 2, 2, 3, 4, 5, 5, 1], FEW, START + HOUR_MS), 8);
    t.equal(await budgets.spent("delete", START), 5);
    t.equal(
      await reserveAll(budgets, [1], FEW, START, "eu-west-1"),
      0,
      "the same id in another region is another image",
    );
  },
);

t.test("a stop holds on the next days and for what was reserved before, until somebody resumes", async (t) => {
  const { budgets } = await open(t);
  await reserveAll(budgets, numbers(6));
  for (const days of [0, 1, 30]) {
    const now = START + days * DAY_MS;
    t.equal(await reserveAll(budgets, [1, 2, 77], FEW, now), 0, `${days} days later`);
    t.match(await budgets.checkDemand("delete", 0, now), { kind: "delete", since: START });
  }
  t.same(
    (await budgets.resume(["delete", "private"], TOMORROW)).map(({ kind }) => kind),
    ["delete"],
  );
  t.same(await budgets.stops(), []);
  t.equal(await reserveAll(budgets, [77], FEW, TOMORROW), 1);
});

t.test("a resume grants the day's budget once more, and what was reserved stays reserved", async (t) => {
  const { budgets } = await open(t);
  await reserveAll(budgets, numbers(6));
  t.equal((await budgets.resume(["delete"], START + HOUR_MS)).length, 1);
  t.equal(await reserveAll(budgets, numbers(5), FEW, START + HOUR_MS), 5, "as before, at no cost");
  t.equal(await reserveAll(budgets, numbers(20, 10), FEW, START + HOUR_MS), 5, "and as many more as a day may have");
  t.match(await budgets.stops(), [{ since: START + HOUR_MS }]);
  t.equal(await budgets.spent("delete", START), 10);
});

t.test("a resume of what is not stopped grants nothing, so that saying it twice is harmless", async (t) => {
  const { budgets } = await open(t);
  await reserveAll(budgets, numbers(4));
  t.same(await budgets.resume(["private", "delete"], START), []);
  t.equal(await reserveAll(budgets, numbers(9, 10)), 1);
  const lifted = await Promise.all([budgets.resume(["delete"], START), budgets.resume(["delete"], START)]);
  t.equal(lifted.flat().length, 1);
});

t.test("a day takes no more than its share of a region, although the region shrinks with every delete", async (t) => {
  const { budgets } = await open(t, GENEROUS);
  let live = 60;
  for (const number of numbers(30))
    if ((await budgets.reserve("delete", image(number), live, START)) === null) live -= 1;
  t.equal(live, 48, "a fifth of sixty are gone, and fewer than fifty are left");
  t.match(await budgets.stops(), [{ reason: /^12 deletes in us-east-1 .* 20 % of its 60 live images$/ }]);
});

t.test("a region's share is of that region alone, and a region with few images has none", async (t) => {
  const { budgets } = await open(t, GENEROUS);
  t.equal(await reserveAll(budgets, numbers(20), 49, START, "eu-west-1"), 20);
  t.equal(await reserveAll(budgets, numbers(10), 50, START, "eu-west-2"), 10);
  t.equal(await reserveAll(budgets, numbers(10), 50, START, "eu-west-3"), 10);
  t.equal(await reserveAll(budgets, [99], 50, START, "eu-west-3"), 0);
});

t.test("after a resume a region's share is granted once more, and the next day has the ordinary one", async (t) => {
  const { budgets } = await open(t, GENEROUS);
  t.equal(await reserveAll(budgets, numbers(20), 60), 12);
  await budgets.resume(["delete"], START);
  t.equal(await reserveAll(budgets, numbers(20, 50), 48), 12, "of the sixty that the day began with");
  await budgets.resume(["delete"], TOMORROW);
  t.equal(await reserveAll(budgets, numbers(20, 100), 50, TOMORROW), 10);
});

t.test("a day that wants more than three times the usual stops that act, counting what it has done", async (t) => {
  const { budgets, redis, daysKey } = await open(t, GENEROUS);
  await redis.hset(daysKey("delete"), usualDays());
  await reserveAll(budgets, numbers(25));
  t.equal(await budgets.checkDemand("delete", 5, START), null, "30 in all");
  t.equal(await budgets.checkDemand("private", 500, START), null, "the other kind has no record yet");
  const stop = await budgets.checkDemand("delete", 6, START + MINUTE_MS);
  const reason = `31 deletes wanted on ${DAY} are more than three times 10, the median of the fourteen days before`;
  t.same(stop, { kind: "delete", since: START + MINUTE_MS, reason });
  t.same(await budgets.checkDemand("delete", 0, START + HOUR_MS), stop, "it stays stopped");
  t.same(await budgets.reserve("delete", image(99), FEW, START + HOUR_MS), stop);
});

t.test(
  "after a resume the day's demand is not judged again, but its budgets are, and the next day's demand is",
  async (t) => {
    const { budgets, redis, daysKey } = await open(t);
    await redis.hset(daysKey("delete"), usualDays());
    await budgets.checkDemand("delete", 90, START);
    t.equal((await budgets.resume(["delete"], START + HOUR_MS)).length, 1);
    t.equal(await budgets.checkDemand("delete", 90, START + HOUR_MS), null);
    t.equal(await reserveAll(budgets, numbers(90), FEW, START + HOUR_MS), LIMITS.maxDeletesPerDay);
    await budgets.resume(["delete"], START + HOUR_MS);
    t.equal(await budgets.checkDemand("delete", 85, START + 2 * HOUR_MS), null);
    t.match(await budgets.checkDemand("delete", 85, TOMORROW), { since: TOMORROW });
  },
);

t.test("of many days with acts the newest sixty are remembered, and who reserved for forty days", async (t) => {
  const { budgets, redis, daysKey, imagesKey, countsKey } = await open(t);
  const days = numbers(80).map((number) => dayOf(START - number * DAY_MS));
  await redis.hset(daysKey("delete"), Object.fromEntries(days.map((day) => [day, 10])));
  await reserveAll(budgets, [1]);
  t.equal(await budgets.checkDemand("delete", 1, START), null);
  const kept = (await redis.hkeys(daysKey("delete"))).sort();
  t.same([kept.length, kept[0], kept.at(-1)], [60, dayOf(START - 59 * DAY_MS), DAY]);
  for (const key of [imagesKey("delete"), countsKey("delete")]) {
    const life = (await redis.ttl(key)) / 86_400;
    t.ok(life > 39.9 && life <= 40, key);
  }
  t.equal(await redis.hget(imagesKey("delete"), `${REGION} ${image(1).amiId}`), "2026-11-24T08:00:00Z");
});

t.test("a pause is seen by every replica, with who and why, until it is ended", async (t) => {
  const { budgets, connection } = await open(t);
  t.equal(await budgets.paused(), null);
  await budgets.pause("nirik", "release day", START);
  const pause = { by: "nirik", why: "release day", since: START };
  t.same(await redisBudgets(connection, LIMITS).paused(), pause);
  t.same(await budgets.unpause(), pause);
  t.same([await budgets.paused(), await budgets.unpause()], [null, null]);
});

t.test("all keys of the budgets share one hash tag, so that each script touches one slot of a cluster", async (t) => {
  const { stopsKey, pausedKey, imagesKey, countsKey, daysKey } = await open(t);
  const all = [stopsKey, pausedKey, imagesKey("delete"), countsKey("private"), daysKey("delete")];
  t.same(new Set(all.map((key) => /\{(.+)\}/.exec(key)?.[1])), new Set(["control"]));
});
