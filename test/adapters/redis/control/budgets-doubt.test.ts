import t from "tap";
import { redisBudgets } from "../../../../src/adapters/redis/control/budgets.ts";
import {
  DAY,
  FEW,
  LIMITS,
  REGION,
  TOMORROW,
  image,
  open,
  openSecond,
  reserveAll,
} from "../../../support/scenes/budgets.ts";
import { START } from "../../../support/world/world.ts";

t.test("a budget of zero, or of no number, allows nothing", async (t) => {
  for (const number of [0, NaN, -1, Infinity, undefined as unknown as number]) {
    const { budgets } = await open(t, { ...LIMITS, maxDeletesPerDay: number });
    t.match(await budgets.reserve("delete", image(1), FEW, START), { reason: /^0 deletes/ }, String(number));
    const share = await open(t, { ...LIMITS, maxShareOfRegion: number });
    t.match(
      await share.budgets.reserve("delete", image(1), 100, START),
      { reason: /^0 deletes in/ },
      `share ${number}`,
    );
  }
});

t.test("a pause or stop that somebody wrote by hand counts, and is lifted like any other", async (t) => {
  const { budgets, redis, pausedKey, stopsKey } = await open(t);
  for (const text of ["", "no more", "[]", "null", "7", "{", '{"since":7,"reason":{}}', '{"since":"tomorrow"}']) {
    await redis.set(pausedKey, text);
    t.match(await budgets.paused(), { by: "somebody", why: text, since: 0 }, `paused: ${text}`);
    await budgets.unpause();
    await redis.hset(stopsKey, "delete", text);
    t.match(await budgets.reserve("delete", image(1), FEW, START), { kind: "delete", since: 0 }, `stopped: ${text}`);
    t.match(await budgets.checkDemand("delete", 0, START), { reason: text === "" ? stopsKey : text });
    t.equal(await budgets.reserve("private", image(1), FEW, START), null);
    t.equal((await budgets.resume(["delete"], START)).length, 1);
    t.equal(await reserveAll(budgets, [1]), 1);
  }
});

t.test("a pause or stop key of another type stops everything until it is removed", async (t) => {
  const { budgets, redis, pausedKey, stopsKey } = await open(t);
  await redis.sadd(pausedKey, "x");
  t.match(await budgets.paused(), { why: pausedKey, since: 0 });
  t.match(await budgets.unpause(), { why: pausedKey });
  t.equal(await budgets.paused(), null);
  await redis.set(stopsKey, "everything");
  for (const kind of ["private", "delete"] as const) {
    t.match(await budgets.reserve(kind, image(1), FEW, START), { kind, reason: stopsKey });
    t.match(await budgets.checkDemand(kind, 0, START), { kind, reason: stopsKey });
  }
  t.same(
    (await budgets.stops()).map(({ kind }) => kind),
    ["private", "delete"],
  );
  await t.rejects(budgets.resume(["delete"], START), { name: "UpstreamError", code: "unreadable", message: stopsKey });
  await redis.del(stopsKey);
  t.equal(await reserveAll(budgets, [1]), 1);
});

t.test("when nobody can tell what is spent, the act stops and says which key to look at", async (t) => {
  const { budgets, redis, imagesKey, countsKey, daysKey } = await open(t);
  const [images, counts, days] = [imagesKey("delete"), countsKey("delete"), daysKey("delete")];
  const spoilt: readonly (readonly [string, () => Promise<unknown>])[] = [
    ...[images, counts, days].map((key) => [key, () => redis.set(key, "7")] as const),
    ...["", "-5", "many", "1.5", "nan"].flatMap((text) => [
      [images, () => redis.hset(images, `${REGION} live`, text)] as const,
      [counts, () => redis.hset(counts, "all", text)] as const,
      [counts, () => redis.hset(counts, REGION, text)] as const,
      [days, () => redis.hset(days, DAY, text)] as const,
    ]),
  ];
  for (const [key, spoil] of spoilt) {
    await spoil();
    const stop = await budgets.reserve("delete", image(1), FEW, START);
    t.match(stop, { kind: "delete", since: START, reason: key });
    t.same(await budgets.stops(), [stop], "for the report");
    await redis.del(key);
    t.equal(await reserveAll(budgets, [1]), 0, "until it was mended, and resumed");
    await budgets.resume(["delete"], START);
    t.equal(await reserveAll(budgets, [1]), 1);
    await redis.del(images, counts, days);
  }
  for (const foreign of [{ monday: 1 }, { [DAY]: "x" }]) {
    await redis.hset(days, foreign);
    t.match(await budgets.checkDemand("delete", 0, START), { reason: days });
    await redis.del(days);
    await budgets.resume(["delete"], TOMORROW);
  }
  await redis.set(days, "7");
  t.equal(await budgets.spent("delete", START), LIMITS.maxDeletesPerDay, "then the whole budget counts as spent");
});

t.test("a number beyond all counting is a budget that is used up", async (t) => {
  const { budgets, redis, countsKey } = await open(t);
  await redis.hset(countsKey("delete"), "all", "9".repeat(40));
  t.match(await budgets.reserve("delete", image(1), FEW, START), { reason: /max_deletes_per_day/ });
});

t.test("while Redis is away nothing is granted, and the caller may try again later", async (t) => {
  const { connection, budgets } = await open(t);
  await reserveAll(budgets, [1]);
  const second = await openSecond(connection);
  const cut = redisBudgets(second, LIMITS);
  second.abandon();
  const asked: readonly Promise<unknown>[] = [
    cut.reserve("delete", image(2), FEW, START),
    cut.checkDemand("delete", 1, START),
    cut.stops(),
    cut.spent("delete", START),
    cut.resume(["delete"], START),
    cut.pause("nirik", "why", START),
    cut.paused(),
    cut.unpause(),
  ];
  await Promise.all(asked.map((answer) => t.rejects(answer, { name: "UpstreamError", service: "redis" })));
  t.equal(await budgets.spent("delete", START), 1);
  t.equal(await budgets.paused(), null);
});
