import t from "tap";
import { tickRegion } from "../../../src/act/tick.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER } from "../../support/world/world.ts";

const TEMPLATE = "arn:aws:ec2:us-east-1:125523088429:launch-template/lt-0123456789abcdef0";

/** A launch template of 12,000 versions that names an image in one of them. */
function namedBy(version: number) {
  return [{ resourceType: "ec2:LaunchTemplate", arn: TEMPLATE, depth: 12_001 - version }];
}

/** Number of the image, what names it, and whether EC2 can be asked that deep. */
const NAMED: readonly (readonly [number, string, number, boolean])[] = [
  [1, "$Latest", 12_000, true],
  [2, "$Default, which was set long ago", 11_600, true],
  [3, "a version that an auto scaling group is pinned to", 2_001, true],
  [4, "a version that is older than EC2 looks", 2_000, false],
];

for (const act of ["make private", "delete"] as const)
  t.test(`${act}: an image is in use by every version of a launch template, as deep as EC2 looks`, async (t) => {
    const world = await openWorld(t);
    for (const [number] of NAMED) await world.hear(UPLOADER, addNightly(world, number).message);
    world.clock.advance(PERIODS.privateAfterMs);
    if (act === "delete") {
      t.same(await world.tick(), { "make-private": NAMED.length });
      await world.report();
      world.clock.advance(PERIODS.deleteAfterMs);
    }
    for (const [number, , version] of NAMED)
      world.simulator.changeImage(REGION, `ami-0000000000000000${number}`, { references: namedBy(version) });
    t.same(await world.tick(), { refuse: 3, [act === "delete" ? "delete" : "make-private"]: 1 });
    const { redis, keys } = world.connection;
    for (const [number, what, , isSeen] of NAMED) {
      const why = (await redis.hget(keys.image(REGION, `ami-0000000000000000${number}`), "last_error")) ?? "";
      t.equal(why, isSeen ? `in-use: it is used by ${TEMPLATE}` : "", what);
    }
    world.clock.advance(DAY_MS);
    world.simulator.changeImage(REGION, "ami-00000000000000002", { references: [] });
    await world.report();
    t.match(world.posts().join(), /an instance or a launch template uses it/);
    t.match(await world.tick(), { refuse: 2, [act === "delete" ? "delete" : "make-private"]: 1 });
  });

t.test("where the guard is off EC2 is not asked who uses an image: whoever may not ask is not refused", async (t) => {
  const world = await openWorld(t);
  await world.hear(UPLOADER, addNightly(world).message);
  world.clock.advance(PERIODS.privateAfterMs);
  const fault = {
    kind: "error",
    code: "UnauthorizedOperation",
    action: "DescribeImageReferences",
    times: Infinity,
  } as const;
  world.simulator.faults.add(fault);
  const guards = { ...world.ticker.guards, inUse: false };
  t.same(await tickRegion(REGION, { ...world.ticker, guards }), { "make-private": 1 });
  t.equal(world.simulator.journal.entries.filter(({ action }) => action === fault.action).length, 0);
});
