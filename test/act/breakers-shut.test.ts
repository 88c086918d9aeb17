import t from "tap";
import { RegionBreakers } from "../../src/act/breakers.ts";
import type { Fault } from "../../src/demo/outside/ec2/state/faults.ts";
import { EVERY_REGION } from "../../src/domain/limits/breaker.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { UpstreamError } from "../../src/errors.ts";
import { reportOnce } from "../../src/tell/report.ts";
import { stoppages } from "../../src/tell/stops.ts";
import { calls, openBreakers, OTHER } from "../support/scenes/breakers.ts";
import { ACCOUNT } from "../support/world/image.ts";
import { addNightly, REGION, UPLOADER } from "../support/world/world.ts";

const CLOSED: readonly (readonly [string, "OptInRequired" | "AuthFailure"])[] = [
  ["that was not opted in", "OptInRequired"],
  ["that validates no credentials, while STS knows them", "AuthFailure"],
];

for (const [what, closedAs] of CLOSED)
  t.test(`a region ${what} is told once, asked daily, and its images are neither refused nor gone`, async (t) => {
    const scene = await openBreakers(t, 1);
    const { world, tick, breakers, warnings } = scene;
    world.simulator.configure(OTHER, { optIn: "not-opted-in", closedAs });
    const reporter = {
      ...world.reporter,
      stoppages: () => stoppages({ budgets: world.budgets, schedule: scene.ticker.schedule, breakers }),
    };
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      await tick(OTHER);
      if (hour % 12 === 0) await reportOnce(reporter);
      world.clock.advance(HOUR_MS);
    }
    t.match(await breakers.get(OTHER), { trouble: "shut", times: 7, code: closedAs });
    t.equal(calls(scene, OTHER), 7, "once a day");
    t.same(await scene.attempts(OTHER), [0]);
    t.same([...new Set(await world.events(OTHER))], ["scheduled"]);
    t.same(warnings.filter((line) => line.startsWith("nothing more is done")).length, 1);
    const told = world.posts().filter((post) => post.includes("## Regions in trouble"));
    t.ok(told.length >= 1 && told.length <= 2, `${told.length} posts, and not one a day`);
    t.match(told[0], new RegExp(`anything in ${OTHER}[^]*${closedAs}[^]*1 image waits`));

    world.simulator.configure(OTHER, { optIn: "opted-in" });
    world.clock.advance(DAY_MS);
    t.same(await tick(OTHER), { "make-private": 1 });
  });

t.test("one AuthFailure, where account and region are open, leaves the region alone for two minutes", async (t) => {
  const scene = await openBreakers(t, 3);
  scene.world.simulator.faults.add({ kind: "error", code: "AuthFailure", action: "DescribeImages" });
  t.same(await scene.tick(), { yielded: 3 });
  t.match(await scene.breakers.get(REGION), { trouble: "failing", code: "AuthFailure" });
  scene.world.clock.advance(2 * MINUTE_MS);
  t.same(await scene.tick(), { "make-private": 1 });
  t.same(await scene.tick(), { "make-private": 2 });
});

t.test("credentials that nobody accepts stop every region once, and are no refusal of any image", async (t) => {
  const scene = await openBreakers(t, 4);
  const { world, tick, breakers, warnings } = scene;
  const bad: Fault = { kind: "error", code: "InvalidClientTokenId", action: "GetCallerIdentity", times: Infinity };
  t.same(await tick(OTHER), { "make-private": 1 }, "the account is known, and remembered for ten minutes");
  const mend = [
    world.simulator.faults.add(bad),
    world.simulator.faults.add({ kind: "error", code: "AuthFailure", times: Infinity }),
  ];
  t.same(await tick(), { yielded: 4 });
  t.match(await breakers.all(), new Map([[EVERY_REGION, { trouble: "account", code: "InvalidClientTokenId" }]]));
  await world.hear(UPLOADER, addNightly(world, 8, OTHER).message, world.clock.now() - 6 * DAY_MS);
  t.equal(await breakers.get(REGION), null);
  world.clock.advance(5 * DAY_MS);
  await t.rejects(tick(OTHER), { code: "InvalidClientTokenId" }, "asked again, before anything is claimed");
  t.same(await tick(), { "breaker-open": 1 }, "and not once more for each region");
  t.same(await scene.attempts(), [0, 0, 0, 0]);
  t.same(warnings.filter((line) => line.startsWith("nothing more is done in every region")).length, 1);
  const limits = { budgets: world.budgets, schedule: scene.ticker.schedule, breakers, clock: world.clock };
  t.match(await stoppages(limits), [{ what: "anything in every region", why: /InvalidClientTokenId/, images: 5 }]);
  for (const each of mend) each();
  world.clock.advance(10 * MINUTE_MS);
  t.same(await tick(), { "make-private": 1 });
  t.same(await tick(), { "make-private": 3 });
  t.same(await breakers.all(), new Map());
});

t.test("an account that one region alone calls blocked stops that region, and no other one", async (t) => {
  for (const isEverywhere of [false, true]) {
    const scene = await openBreakers(t, 2);
    const blocked = { kind: "error", code: "Blocked", status: 400, times: Infinity } as const;
    scene.world.simulator.faults.add({ ...blocked, region: OTHER });
    if (isEverywhere) scene.world.simulator.faults.add({ ...blocked, action: "DescribeRegions" });
    t.same(await scene.tick(OTHER), { yielded: 1 });
    t.same([...(await scene.breakers.all()).keys()], [isEverywhere ? "every-region" : OTHER]);
    t.same(await scene.tick(), isEverywhere ? { "breaker-open": 1 } : { "make-private": 2 });
  }
});

t.test(
  "what a whole claim is refused is no refusal of an image: the region is left alone, and goes on when it is mended",
  async (t) => {
    const scene = await openBreakers(t, 3);
    const mend = scene.world.simulator.faults.add({
      kind: "error",
      code: "UnauthorizedOperation",
      action: "DescribeImages",
      times: Infinity,
    });
    t.same(await scene.tick(), { yielded: 3 });
    t.match(await scene.breakers.get(REGION), { trouble: "failing", code: "permission" });
    t.same([await scene.attempts(), [...new Set(await scene.world.events())]], [[0, 0, 0], ["scheduled"]]);
    mend();
    scene.world.clock.advance(2 * MINUTE_MS);
    t.same(await scene.tick(), { "make-private": 1 });
  },
);

t.test("an image that belongs to somebody else is refused for itself: the region goes on", async (t) => {
  const scene = await openBreakers(t, 3);
  const message = "Not authorized for image:ami-00000000000000001";
  scene.world.simulator.faults.add({ kind: "error", status: 400, code: "AuthFailure", message, action: "CreateTags" });
  t.same(await scene.tick(), { refused: 1, "make-private": 2 });
  t.equal(await scene.breakers.get(REGION), null);
});

t.test(
  "a host name that does not resolve is a region that is none, if names resolve elsewhere and the account has no such region",
  async (t) => {
    for (const [isStsThere, listed, trouble] of [
      [true, [OTHER], "shut"],
      [true, [OTHER, REGION], "failing"],
      [false, [OTHER], "failing"],
    ] as const) {
      const scene = await openBreakers(t, 1);
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
          name === "regions"
            ? () => Promise.resolve(listed)
            : name === "look"
              ? () =>
                  Promise.reject(
                    new UpstreamError("ec2", "ENOTFOUND", "getaddrinfo ENOTFOUND ec2.mars-north-1.amazonaws.com"),
                  )
              : (Reflect.get(target, name) as unknown),
      });
      const regions = new RegionBreakers({
        breakers: scene.breakers,
        clock,
        log: scene.ticker.log,
        account: ACCOUNT,
        random: Math.random,
      });
      const watched = regions.watch(nameless);
      for (let look = 0; look < 3; look += 1) await t.rejects(watched.look(REGION, []), { code: "ENOTFOUND" });
      t.match(await scene.breakers.get(REGION), { trouble, code: "ENOTFOUND" });
    }
  },
);
