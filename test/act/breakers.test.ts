import t from "tap";
import { RegionPasses } from "../../src/act/passes.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { calls, CUT, openBreakers, OTHER } from "../support/scenes/breakers.ts";
import { REGION } from "../support/world/world.ts";

t.test(
  "a dead region opens its breaker at the third look, is probed with one image, and closes when it answers",
  async (t) => {
    const scene = await openBreakers(t, 4);
    const { world, tick, breakers, warnings } = scene;
    const revive = world.simulator.faults.add(CUT);
    for (let pass = 1; pass <= 3; pass += 1) t.same(await tick(), { yielded: 4 }, `pass ${pass}`);
    t.match(await breakers.get(REGION), { trouble: "failing", times: 1, code: "ECONNRESET" });
    const before = calls(scene);
    t.same(await tick(), { "breaker-open": 1 });
    t.equal(calls(scene), before, "nothing is asked meanwhile");
    t.same(await tick(OTHER), { "make-private": 1 }, "no other region is delayed");

    world.clock.advance(2 * MINUTE_MS);
    t.same(await tick(), { yielded: 1 }, "the probe is one image");
    t.match(await breakers.get(REGION), { times: 2 });
    t.same(await scene.attempts(), [0, 0, 0, 0]);
    revive();
    t.same(await tick(), { "breaker-open": 1 });
    world.clock.advance(4 * MINUTE_MS);
    t.same(await tick(), { "make-private": 1 });
    t.equal(await breakers.get(REGION), null);
    t.same(await tick(), { "make-private": 3 });
    t.same(
      warnings.filter((line) => !line.startsWith("a region was not looked at")),
      ["nothing more is done in the region for now", "the region answers again: it goes on there"],
      "said once when it opened, once when it closed",
    );
  },
);

t.test("one kind of call that is throttled again and again stops the batch, though the others succeed", async (t) => {
  const scene = await openBreakers(t, 6);
  scene.world.simulator.faults.add({
    kind: "throttle",
    action: "ModifyImageAttribute",
    region: REGION,
    times: Infinity,
  });
  t.same(await scene.tick(), { yielded: 6 });
  t.match(await scene.breakers.get(REGION), { trouble: "failing", code: "RequestLimitExceeded" });
  t.same(await scene.tick(), { "breaker-open": 1 });
  t.same(await scene.attempts(), [0, 0, 0, 0, 0, 0]);
  scene.world.clock.advance(HOUR_MS);
  t.same(await scene.tick(), { yielded: 1 });
  t.same(await scene.attempts(), [0, 0, 0, 0, 0, 0], "nor is it held against the image that was the probe");
});

t.test("a call that fails now and then, and is answered in between, is no trouble of its region", async (t) => {
  const scene = await openBreakers(t, 1);
  const { faults } = scene.world.simulator;
  const failing = { kind: "error", code: "InternalError", status: 500, action: "DescribeImages" } as const;
  for (let round = 0; round < 4; round += 1) {
    const lift = faults.add({ ...failing, times: Infinity });
    await t.rejects(scene.ticker.images.look(REGION, ["ami-00000000000000001"]), { code: "InternalError" });
    lift();
    await scene.ticker.images.look(REGION, ["ami-00000000000000001"]);
  }
  t.equal(await scene.breakers.get(REGION), null);
});

t.test("what another replica has found is not asked again", async (t) => {
  const scene = await openBreakers(t, 1);
  const { clock } = scene.world;
  const found = {
    trouble: "failing",
    since: clock.now(),
    askAgainAt: clock.now() + HOUR_MS,
    times: 5,
    code: "x",
  } as const;
  await scene.breakers.set(REGION, found);
  t.same(await scene.tick(), { "breaker-open": 1 });
  t.equal(calls(scene), 0);
  clock.advance(HOUR_MS);
  t.same(await scene.tick(), { "make-private": 1 });
});

t.test(
  "what stands in Redis is readable, can be deleted to have a region asked at once, and rubbish does no harm",
  async (t) => {
    const scene = await openBreakers(t, 2);
    const { redis, keys } = scene.world.connection;
    const [now, key] = [scene.world.clock.now(), keys.control("breakers")];
    await scene.breakers.set(REGION, {
      trouble: "shut",
      since: now,
      askAgainAt: now + DAY_MS,
      times: 2,
      code: "OptInRequired",
    });
    t.same(JSON.parse((await redis.hget(key, REGION)) ?? ""), {
      trouble: "shut",
      since: "2026-11-29T08:00:00Z",
      ask_again_at: "2026-11-30T08:00:00Z",
      times: 2,
      code: "OptInRequired",
    });
    t.same(await scene.tick(), { "breaker-open": 1 });
    await redis.hdel(key, REGION);
    t.same(await scene.tick(), { "make-private": 2 });
    for (const rubbish of ["", "[]", "null", "no", '{"ask_again_at":7,"times":"x"}']) {
      await redis.hset(key, OTHER, rubbish);
      t.match(
        await scene.breakers.all(),
        new Map([[OTHER, { trouble: "failing", askAgainAt: 0, code: "unreadable" }]]),
      );
    }
    t.same(await scene.tick(OTHER), { "make-private": 1 });
    t.equal(await redis.exists(key), 0);
    await redis.set(key, "not a hash");
    t.same(await scene.breakers.all(), new Map());
    t.match(scene.world.connection.strangers.list(), [{ key, problem: `redis-cli RENAME '${key}'` }]);
  },
);

for (const code of ["InvalidClientTokenId", "AccessDenied"])
  t.test(`passes go on where the account cannot be asked (${code}), and in the other regions`, async (t) => {
    const scene = await openBreakers(t, 1);
    scene.world.simulator.faults.add({ kind: "error", code, status: 403, action: "GetCallerIdentity" });
    const passes = new RegionPasses(scene.ticker);
    for (let pass = 0; pass < 2; pass += 1) {
      await passes.start();
      await passes.idle();
      scene.world.clock.advance(10 * MINUTE_MS);
    }
    t.equal((await scene.attempts()).length, 0, "worked in the second pass");
  });

t.test("with act = nothing no plan is asked for where the breaker is open", async (t) => {
  const scene = await openBreakers(t, 3);
  const lift = scene.world.simulator.faults.add(CUT);
  const passes = new RegionPasses({ ...scene.ticker, act: "nothing" });
  const pass = async (): Promise<void> => {
    await passes.start();
    await passes.idle();
  };
  for (let number = 0; number < 3; number += 1) await pass();
  const asked = calls(scene);
  await pass();
  t.equal(calls(scene), asked);
  lift();
  scene.world.clock.advance(2 * MINUTE_MS);
  await pass();
  t.equal(await scene.breakers.get(REGION), null);
  t.same(scene.world.simulator.journal.mutating(), []);
});

t.test("once a probe was answered, a single failure is a single failure again", async (t) => {
  const scene = await openBreakers(t, 4);
  const revive = scene.world.simulator.faults.add(CUT);
  for (let pass = 1; pass <= 3; pass += 1) await scene.tick();
  revive();
  scene.world.clock.advance(2 * MINUTE_MS);
  t.same(await scene.tick(), { "make-private": 1 });
  scene.world.simulator.faults.add({ ...CUT, action: "DescribeImages" });
  await t.rejects(scene.ticker.images.look(REGION, ["ami-00000000000000001"]), { code: "ECONNRESET" });
  t.equal(await scene.breakers.get(REGION), null);
});
