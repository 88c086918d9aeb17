import t from "tap";
import { RegionBreakers } from "../../src/act/breakers.ts";
import type { Fault } from "../../src/demo/outside/ec2/state/faults.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { UpstreamError } from "../../src/errors.ts";
import { reportOnce } from "../../src/tell/report.ts";
import { stoppages } from "../../src/tell/stops.ts";
import { calls, openBreakers, OTHER } from "../support/scenes/breakers.ts";
import { ACCOUNT } from "../support/world/image.ts";
import { REGION } from "../support/world/world.ts";

const CLOSED: readonly (readonly [string, "OptInRequired" | "AuthFailure"])[] = [
  ["that was not opted in", "OptInRequired"],
  ["that validates no credentials, while STS knows them", "AuthFailure"],
];

for (const [what, closedAs] of CLOSED)
  t.test(`a region ${what} is told once, asked daily, and its images are neither refused nor gone`, async (t) => {
    const scene = await openBreakers(t, 5);
    const { world, tick, breakers, warnings } = scene;
    world.simulator.configure(REGION, { optIn: "not-opted-in", closedAs });
    const reporter = {
      ...world.reporter,
      stoppages: () =>
        stoppages({ budgets: world.budgets, schedule: scene.ticker.schedule, breakers, clock: world.clock }),
    };
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      await tick();
      if (hour % 12 === 0) await reportOnce(reporter);
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
  const scene = await openBreakers(t, 4);
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
  t.same(await tick(), { yielded: 4 });
  t.match(await breakers.get(REGION), { trouble: "failing", code: "AuthFailure" });
  world.clock.advance(20 * MINUTE_MS);
  await t.rejects(tick(), { code: "InvalidClientTokenId" }, "and before anything is claimed");
  for (const each of mend) each();
  t.same(await tick(), { "make-private": 1 });
  t.same(await tick(), { "make-private": 3 });
});

t.test("an image that belongs to somebody else is refused for itself: the region goes on", async (t) => {
  const scene = await openBreakers(t, 3);
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
        name === "look"
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
});
