import t, { type Test } from "tap";
import { tickRegion, type TickCounts } from "../../../src/act/tick.ts";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import type { Images } from "../../../src/ports/index.ts";
import { field, privateWorld } from "../../support/world/nightly.ts";
import { PERIODS, REGION, type Nightly, type World } from "../../support/world/world.ts";

const FAILS = { kind: "error", code: "InternalError", status: 500, times: Infinity } as const;

/** An image that is being deleted, and still there: its DeregisterImage failed. */
async function openBegun(t: Test): Promise<readonly [World, Nightly]> {
  const [world, nightly] = await privateWorld(t);
  world.clock.advance(PERIODS.deleteAfterMs);
  const mend = world.simulator.faults.add({ ...FAILS, action: "DeregisterImage" });
  t.same(await world.tick(), { failed: 1 });
  mend();
  t.equal(await field(world, nightly.amiId, "stage"), "deleting");
  world.clock.advance(HOUR_MS);
  return [world, nightly];
}

/** One pass in which EC2 answers some questions so. */
function tickWith(world: World, answers: Partial<Images>): Promise<TickCounts> {
  const images = new Proxy(world.ticker.images, {
    get: (target, name) => (Reflect.get(answers, name) ?? Reflect.get(target, name)) as unknown,
  });
  return tickRegion(REGION, { ...world.ticker, images });
}

const SHOWS_NOTHING: Partial<Images> = {
  look: () => Promise.resolve(new Map()),
  deleteSnapshot: () => Promise.resolve("gone"),
};

t.test(
  "in a region that shows nothing an image that is being deleted keeps its snapshots, and its stage",
  async (t) => {
    const [world, { amiId, snapshotIds }] = await openBegun(t);
    world.simulator.configure(REGION, { unseen: "all" });
    for (let day = 0; day < 3; day += 1) {
      t.notOk("delete" in (await world.tick()));
      t.equal(await field(world, amiId, "stage"), "deleting");
      t.equal(world.simulator.image(REGION, amiId)?.state, "available");
      t.same(
        world.simulator.snapshots(REGION).map(({ id }) => id),
        snapshotIds,
        "EC2 deletes none on which an image stands",
      );
      world.clock.advance(DAY_MS);
    }
    world.simulator.configure(REGION, { unseen: [] });
    t.same(await world.tick(), { delete: 1 });
    t.same([await field(world, amiId, "stage"), world.simulator.snapshots(REGION)], ["deleted", []]);
  },
);

t.test("an image that no list shows, and EC2 knows, keeps its snapshots until it is gone, and is told", async (t) => {
  const [world, { amiId }] = await openBegun(t);
  for (let hour = 0; hour < 4; hour += 1) {
    t.same(await tickWith(world, { ...SHOWS_NOTHING, isKnown: () => Promise.resolve(true) }), { failed: 1 });
    world.clock.advance(HOUR_MS);
  }
  t.equal(world.simulator.snapshots(REGION).length, 2);
  t.match(await field(world, amiId, "last_error"), /^failed: .* does not list it: are Allowed AMIs set/);
  t.ok((await world.events()).includes("failed"));
  t.same(await world.tick(), { delete: 1 });
});

t.test("snapshots that the record does not have any more are written down before the image goes", async (t) => {
  const [world, { amiId, snapshotIds }] = await openBegun(t);
  const { redis, keys } = world.connection;
  await redis.hdel(keys.image(REGION, amiId), "snapshot_ids");
  const mend = world.simulator.faults.add({ ...FAILS, action: "DeleteSnapshot" });
  t.same(await world.tick(), { failed: 1 });
  t.same(JSON.parse((await field(world, amiId, "snapshot_ids")) ?? "[]"), snapshotIds);
  mend();
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { delete: 1 });
  t.same(world.simulator.snapshots(REGION), []);
  t.equal((await world.events()).filter((what) => what === "deleting").length, 1, "told once");
});

t.test("a hold that came into a deletion, and ended before anybody looked, has the public told again", async (t) => {
  const [world, { amiId }] = await openBegun(t);
  const at = world.clock.now();
  const words = { verb: "hold", by: "relengbot", why: "tests", until: at + DAY_MS, at, composeId: null } as const;
  await world.clerk.orders.add({ ...words, images: [{ region: REGION, amiId }] });
  await carryOutOrders(world.clerk);
  world.clock.advance(2 * DAY_MS);
  for (let pass = 0; pass < 2; pass += 1) await world.tick();
  t.equal(await field(world, amiId, "stage"), "private");
  await world.report();
  world.clock.advance(PERIODS.afterHoldMs - HOUR_MS);
  await world.tick();
  t.equal(world.simulator.image(REGION, amiId)?.state, "available");
  world.clock.advance(2 * HOUR_MS);
  t.same(await world.tick(), { delete: 1 });
});
