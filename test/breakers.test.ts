import t, { type Test } from "tap";
import { redisBreakers } from "../src/adapters/redis/breakers.ts";
import { RegionBreakers } from "../src/breakers.ts";
import type { Fault } from "../src/demo/ec2/faults.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../src/domain/time.ts";
import { UpstreamError } from "../src/errors.ts";
import { heldBack } from "../src/held-back.ts";
import { reportOnce } from "../src/notify.ts";
import { RegionPasses } from "../src/passes.ts";
import type { Breakers, Log } from "../src/ports.ts";
import { tickRegion, type TickParts } from "../src/tick.ts";
import { ACCOUNT } from "./support/image.ts";
import { addNightly, openWorld, REGION, UPLOADER, type World } from "./support/world.ts";

const OTHER = "eu-west-1";
const CUT = { kind: "withhold", connection: "cut", region: REGION, times: Infinity } as const;

interface Scene {
  readonly world: World;
  readonly parts: TickParts;
  readonly breakers: Breakers;
  /** What was logged as a warning. */
  readonly warnings: string[];
  readonly tick: (region?: string) => Promise<Record<string, number>>;
  readonly attempts: () => Promise<readonly number[]>;
}

/** So many due images in a region, one in another; jitter takes nothing away. */
async function open(t: Test, images: number): Promise<Scene> {
  const world = await openWorld(t);
  const warnings: string[] = [];
  const log: Log = { ...world.tickParts.log, warn: (_, message) => warnings.push(message) };
  for (let number = 1; number <= images; number += 1) await world.hear(UPLOADER, addNightly(world, number).message);
  await world.hear(UPLOADER, addNightly(world, 9, OTHER).message);
  world.clock.advance(5 * DAY_MS);
  const breakers = redisBreakers(world.connection);
  const { clock, ec2 } = world;
  const regions = new RegionBreakers({ breakers, clock, log, account: ACCOUNT, random: () => 0.99 });
  const parts = { ...world.tickParts, log, breakers: regions, images: regions.watch(ec2), random: () => 0.99 };
  return {
    ...{ world, parts, breakers, warnings },
    tick: async (region = REGION) => {
      // What was given back is due from the next whole second.
      world.clock.advance(SECOND_MS);
      return tickRegion(region, parts);
    },
    attempts: async () => (await parts.schedule.due(REGION, "private", Infinity, 100)).map((image) => image.attempts),
  };
}

function calls({ world }: Scene, region = REGION): number {
  return world.simulator.journal.entries.filter((entry) => entry.service === "ec2" && entry.region === region).length;
}

t.test(
  "a dead region opens its breaker at the third look, is probed with one image, and closes when it answers",
  async (t) => {
    const scene = await open(t, 4);
    const { world, tick, breakers, warnings } = scene;
    const revive = world.simulator.faults.add(CUT);
    for (let pass = 1; pass <= 3; pass += 1) t.same(await tick(), { "given-back": 4 }, `pass ${pass}`);
    t.match(await breakers.get(REGION), { trouble: "failing", times: 1, code: "ECONNRESET" });
    const before = calls(scene);
    t.same(await tick(), { "breaker-open": 1 });
    t.equal(calls(scene), before, "nothing is asked meanwhile");
    t.same(await tick(OTHER), { "make-private": 1 }, "no other region is delayed");

    world.clock.advance(2 * MINUTE_MS);
    t.same(await tick(), { "given-back": 1 }, "the probe is one image");
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
  const scene = await open(t, 6);
  scene.world.simulator.faults.add({
    kind: "throttle",
    action: "ModifyImageAttribute",
    region: REGION,
    times: Infinity,
  });
  t.same(await scene.tick(), { failed: 2, "given-back": 4 });
  t.match(await scene.breakers.get(REGION), { trouble: "failing", code: "RequestLimitExceeded" });
  t.same(await scene.tick(), { "breaker-open": 1 });
  t.same([...(await scene.attempts())].sort(), [0, 0, 0, 0, 1, 1]);
});

t.test("what another replica has found is not asked again", async (t) => {
  const scene = await open(t, 1);
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

const CLOSED: readonly (readonly [string, "OptInRequired" | "AuthFailure"])[] = [
  ["that was not opted in", "OptInRequired"],
  ["that validates no credentials, while STS knows them", "AuthFailure"],
];

for (const [what, closedAs] of CLOSED)
  t.test(`a region ${what} is told once, asked daily, and its images are neither refused nor gone`, async (t) => {
    const scene = await open(t, 5);
    const { world, tick, breakers, warnings } = scene;
    world.simulator.configure(REGION, { optIn: "not-opted-in", closedAs });
    const notify = {
      ...world.notifyParts,
      heldBack: () =>
        heldBack({ budgets: world.budgets, schedule: scene.parts.schedule, breakers, clock: world.clock }),
    };
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      await tick();
      await reportOnce(notify);
      world.clock.advance(HOUR_MS);
    }
    t.match(await breakers.get(REGION), { trouble: "shut", times: 7, code: closedAs });
    t.equal(calls(scene), 7, "once a day");
    t.same(await scene.attempts(), [0, 0, 0, 0, 0]);
    t.same([...new Set(await world.events())], ["scheduled"]);
    t.same(warnings.filter((line) => line.startsWith("nothing more is done")).length, 1);
    const told = world.posts().filter((post) => post.includes("## Regions in trouble"));
    t.ok(told.length >= 1 && told.length <= 2, `${told.length} posts, and not one a day`);
    t.match(told[0], new RegExp(`anything in ${REGION}[^]*${closedAs}[^]*5 images wait`));

    world.simulator.configure(REGION, { optIn: "opted-in" });
    world.clock.advance(DAY_MS);
    t.same(await tick(), { "make-private": 1 });
    t.same(await tick(), { "make-private": 4 });
  });

t.test("credentials that nobody accepts shut no region, and are no refusal of any image", async (t) => {
  const scene = await open(t, 4);
  const { world, tick, breakers } = scene;
  t.same(await tick(OTHER), { "make-private": 1 }, "the account is known, and remembered for ten minutes");
  const bad: Fault = { kind: "error", status: 401, code: "AuthFailure", times: Infinity };
  const message = "AWS was not able to validate the provided access credentials";
  const mend = [
    world.simulator.faults.add({
      kind: "error",
      code: "InvalidClientTokenId",
      status: 403,
      action: "GetCallerIdentity",
      times: Infinity,
    }),
    world.simulator.faults.add({ ...bad, message, region: REGION }),
  ];
  t.same(await tick(), { "given-back": 4 });
  t.match(await breakers.get(REGION), { trouble: "failing", code: "AuthFailure" });
  world.clock.advance(20 * MINUTE_MS);
  await t.rejects(tick(), { code: "InvalidClientTokenId" }, "and before anything is claimed");
  for (const each of mend) each();
  t.same(await tick(), { "make-private": 1 });
  t.same(await tick(), { "make-private": 3 });
});

t.test("an image that belongs to somebody else is refused for itself: the region goes on", async (t) => {
  const scene = await open(t, 3);
  const message = "Not authorized for image:ami-00000000000000001";
  scene.world.simulator.faults.add({ kind: "error", status: 400, code: "AuthFailure", message, action: "CreateTags" });
  t.same(await scene.tick(), { refused: 1, "make-private": 2 });
  t.equal(await scene.breakers.get(REGION), null);
});

t.test("a host name that does not resolve is a region that is none, if names resolve elsewhere", async (t) => {
  for (const [isStsThere, trouble] of [
    [true, "shut"],
    [false, "failing"],
  ] as const) {
    const scene = await open(t, 1);
    if (!isStsThere)
      scene.world.simulator.faults.add({
        kind: "withhold",
        connection: "cut",
        action: "GetCallerIdentity",
        times: Infinity,
      });
    const { clock, ec2 } = scene.world;
    const nameless = new Proxy(ec2, {
      get: (target, name) =>
        name === "look"
          ? () =>
              Promise.reject(
                new UpstreamError("ec2", "ENOTFOUND", "getaddrinfo ENOTFOUND ec2.mars-north-1.amazonaws.com"),
              )
          : (Reflect.get(target, name) as unknown),
    });
    const regions = new RegionBreakers({ breakers: scene.breakers, clock, log: scene.parts.log, account: ACCOUNT });
    const watched = regions.watch(nameless);
    for (let look = 0; look < 3; look += 1) await t.rejects(watched.look(REGION, []), { code: "ENOTFOUND" });
    t.match(await scene.breakers.get(REGION), { trouble, code: "ENOTFOUND" });
  }
});

t.test(
  "what stands in Redis is readable, can be deleted to have a region asked at once, and rubbish does no harm",
  async (t) => {
    const scene = await open(t, 2);
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
      ...{ trouble: "shut", since: "2026-11-29T08:00:00Z", ask_again_at: "2026-11-30T08:00:00Z" },
      ...{ times: 2, code: "OptInRequired" },
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
    await t.rejects(scene.breakers.all(), {
      service: "redis",
      message: new RegExp(`${key} holds what clean-amis did not write`),
    });
  },
);

t.test("passes go on where the account cannot be asked, and in the other regions", async (t) => {
  const scene = await open(t, 1);
  scene.world.simulator.faults.add({
    kind: "error",
    code: "InvalidClientTokenId",
    status: 403,
    action: "GetCallerIdentity",
  });
  const passes = new RegionPasses(scene.parts);
  for (let pass = 0; pass < 2; pass += 1) {
    await passes.start();
    await passes.idle();
    scene.world.clock.advance(SECOND_MS);
  }
  t.equal((await scene.attempts()).length, 0, "worked in the second pass");
});

t.test("with act = nothing no plan is asked for where the breaker is open", async (t) => {
  const scene = await open(t, 3);
  const lift = scene.world.simulator.faults.add(CUT);
  const passes = new RegionPasses({ ...scene.parts, act: "nothing" });
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
