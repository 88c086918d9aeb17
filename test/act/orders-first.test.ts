import t from "tap";
import { tickRegion, type TickCounts } from "../../src/act/tick.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import type { PlacedOrder } from "../../src/ports/index.ts";
import { dueWorld, field, privateWorld } from "../support/world/nightly.ts";
import { PERIODS, REGION, type Nightly, type World } from "../support/world/world.ts";

const ORDER = { verb: "hold", by: "tester", why: "a reason", until: null, at: 0 } as const;

function holdOf({ amiId }: Nightly): PlacedOrder {
  return { ...ORDER, composeId: null, images: [{ region: REGION, amiId }] };
}

/** One pass in which a person places an order right before the service asks for the `nth` time whether one waits. */
function tickWithOrder(world: World, order: PlacedOrder, nth: number): Promise<TickCounts> {
  const { orders } = world.clerk;
  let asked = 0;
  const count = async (): Promise<number> => {
    asked += 1;
    if (asked === nth) await orders.add(order);
    return orders.count();
  };
  return tickRegion(REGION, { ...world.ticker, orders: { count } });
}

t.test("nothing is taken while an order waits, as when the one that was at it was killed", async (t) => {
  const [world, nightly] = await dueWorld(t);
  await world.clerk.orders.add(holdOf(nightly));
  const killed = await world.clerk.orders.lease();
  t.ok(killed);
  t.equal(await carryOutOrders(world.clerk), 0, "its right to carry out orders has not run out");
  t.same(await world.tick(), { "order-waits": 1 });
  t.equal(world.simulator.image(REGION, nightly.amiId)?.permission.isPublic, true);
  await killed?.end();
  t.equal(await carryOutOrders(world.clerk), 1);
  t.same(await world.tick(), { "tag-hold": 1 });
  t.equal(await field(world, nightly.amiId, "stage"), "held");
});

t.test("an order that comes when a batch is claimed is carried out before the next image of it is taken", async (t) => {
  const [world, nightly] = await dueWorld(t);
  t.same(await tickWithOrder(world, holdOf(nightly), 2), { yielded: 1 });
  t.equal(world.simulator.journal.mutating().length, 0);
  await carryOutOrders(world.clerk);
  t.same(await world.tick(), { "tag-hold": 1 });
});

t.test("an order that comes in the middle of a deletion comes before the call that nobody can take back", async (t) => {
  const [world, nightly] = await privateWorld(t);
  world.clock.advance(PERIODS.deleteAfterMs);
  await tickWithOrder(world, holdOf(nightly), 3);
  t.same(world.simulator.journal.of("DeregisterImage"), []);
  await carryOutOrders(world.clerk);
  world.clock.advance(PERIODS.leaseMs);
  await world.tick();
  t.equal(world.simulator.image(REGION, nightly.amiId)?.state, "available");
  t.equal(await field(world, nightly.amiId, "stage"), "held");
});

t.test("what is deregistered already waits for the order as well, and leaves no snapshot", async (t) => {
  const [world, nightly] = await privateWorld(t);
  world.clock.advance(PERIODS.deleteAfterMs);
  const mend = world.simulator.faults.add({
    kind: "error",
    code: "InternalError",
    status: 500,
    action: "DeleteSnapshot",
    times: Infinity,
  });
  await world.tick();
  mend();
  t.equal(world.simulator.image(REGION, nightly.amiId)?.state, "deregistered");
  await world.clerk.orders.add({ ...ORDER, composeId: "Fedora-Rawhide-20200101.n.0", images: [] });
  world.clock.advance(PERIODS.leaseMs);
  t.same(await world.tick(), { "order-waits": 1 });
  await carryOutOrders(world.clerk);
  t.same(await world.tick(), { delete: 1 });
  t.same(world.simulator.snapshots(REGION), []);
});

t.test("a queue of orders that somebody else broke keeps nothing from being done", async (t) => {
  const [world] = await dueWorld(t);
  await world.connection.redis.set(world.connection.keys.control("requests"), "none of ours");
  t.same(await world.tick(), { "make-private": 1 });
});
