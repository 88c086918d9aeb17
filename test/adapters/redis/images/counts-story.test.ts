import fc from "fast-check";
import t from "tap";
import { STAGES } from "../../../../src/domain/image/image.ts";
import type { Counted } from "../../../../src/ports/index.ts";
import { AMIS, fullCount, openCounting } from "../../../support/scenes/counting.ts";
import { openTestRedis } from "../../../support/servers/redis/redis.ts";
import { REGION, START } from "../../../support/world/world.ts";

const ERRORS = [
  "",
  "permission: denied",
  "unseen: not shown",
  "missing: once",
  "failed: a 500",
  "What is it: 5: 6",
  "limit",
];

type Step = (scene: ReturnType<typeof openCounting>, amiId: string) => Promise<unknown>;

/** What may happen to a region: verbs, losses, an older version beside, garbage, a walk that did not end. */
const STEPS: Readonly<Record<string, Step>> = {
  add: ({ add }, amiId) => add(amiId),
  notice: ({ notice }, amiId) => notice(amiId),
  "lose record": ({ redis, keys }, amiId) => redis.del(keys.image(REGION, amiId)),
  "lose counts": ({ redis, keys }) => redis.del(keys.counts(REGION)),
  "lose images": ({ redis, keys }) => redis.del(keys.images(REGION)),
  "lose epoch": ({ redis, keys }) => redis.hdel(keys.counts(REGION), "epoch"),
  "old version": async ({ redis, keys }, amiId) => {
    if ((await redis.exists(keys.image(REGION, amiId))) === 1)
      await redis.hset(keys.image(REGION, amiId), "stage", "held");
  },
  "old record": ({ redis, keys }, amiId) => redis.hdel(keys.image(REGION, amiId), "counted"),
  "garbage mark": async ({ redis, keys }, amiId) => {
    if ((await redis.exists(keys.image(REGION, amiId))) === 1)
      await redis.hset(keys.image(REGION, amiId), "counted", "x y");
  },
  "garbage count": ({ redis, keys }) => redis.hset(keys.counts(REGION), "stage:public", "{"),
  "wrong count": ({ redis, keys }) => redis.hset(keys.counts(REGION), "stage:public", 1000, "stage:other", -3),
  "garbage epoch": ({ redis, keys }) => redis.hset(keys.counts(REGION), "epoch", "", "next", "{"),
  walk: ({ walk }) => walk(),
  "walk half": async ({ counts }, amiId) => {
    await counts.begin(REGION);
    await counts.count(REGION, [amiId]);
  },
};

const aStep = fc.oneof(
  { weight: 3, arbitrary: fc.record({ name: fc.constantFrom(...Object.keys(STEPS)), ami: fc.constantFrom(...AMIS) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constant("change"),
      ami: fc.constantFrom(...AMIS),
      stage: fc.constantFrom(...STAGES),
      error: fc.constantFrom(...ERRORS),
      isDated: fc.boolean(),
    }),
  },
);

t.test("whatever is done, lost, garbage or older: after a walk the counts are a full count", async (t) => {
  const connection = await openTestRedis(t);
  const scene = openCounting(connection);
  const { redis, keys } = connection;
  const story = fc.asyncProperty(fc.array(aStep, { maxLength: 25 }), async (steps) => {
    const all = [keys.counts(REGION), keys.images(REGION), ...AMIS.map((amiId) => keys.image(REGION, amiId))];
    await redis.del(...all);
    for (const step of steps)
      if ("stage" in step) await scene.change(step.ami, step.stage, step.error, step.isDated ? START : null);
      else await STEPS[step.name]?.(scene, step.ami);
    await redis.sadd(keys.regions, REGION);
    // One that others began and left may have counted what was lost since.
    if ((await redis.hget(keys.counts(REGION), "next")) !== null) await scene.walk();
    await scene.walk();
    const { images, ...counted } = await scene.counts.read(REGION);
    const full = await fullCount(connection);
    if (JSON.stringify(sorted(counted)) !== JSON.stringify(sorted(full)))
      throw new Error(`${JSON.stringify(counted)} is not ${JSON.stringify(full)} of ${images}`);
  });
  await fc.assert(story, { numRuns: 150, seed: 20260122 });
});

function sorted({ stages, errors, untold }: Omit<Counted, "images">): object {
  const order = (of: Readonly<Record<string, number>>) => Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1));
  return [order(stages), order(errors), untold];
}
