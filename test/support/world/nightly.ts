import type { Test } from "tap";
import type { ForgeName } from "../../../src/demo/service-config.ts";
import type { Verb } from "../../../src/domain/image/order.ts";
import { DAY_MS, type Instant } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import type { PlacedOrder } from "../../../src/ports/index.ts";
import { addNightly, openWorld, PERIODS, REGION, UPLOADER, type Nightly, type World } from "./world.ts";

/** A world with one nightly that is due to be made private. */
export async function dueWorld(t: Test, forge: ForgeName = "pagure"): Promise<[World, Nightly]> {
  const world = await openWorld(t, { forge });
  const nightly = addNightly(world);
  await world.hear(UPLOADER, nightly.message);
  world.clock.advance(5 * DAY_MS);
  return [world, nightly];
}

/** A world with one nightly that is private, and of which the public was told. */
export async function privateWorld(t: Test, forge: ForgeName = "pagure"): Promise<[World, Nightly]> {
  const [world, nightly] = await dueWorld(t, forge);
  await world.tick();
  await world.report();
  return [world, nightly];
}

/** Queues an order as the command line does, lets the service carry it out, and returns what it answered. */
export async function ask(
  world: World,
  verb: Verb,
  target: { readonly amiId?: string; readonly composeId?: string },
  until: Instant | null = null,
): Promise<string[]> {
  const images = target.amiId === undefined ? [] : [{ region: REGION, amiId: target.amiId }];
  const words = { verb, by: "tester", why: "a reason", until, at: world.clock.now() };
  const order: PlacedOrder = { ...words, images, composeId: target.composeId ?? null };
  const id = await world.clerk.orders.add(order);
  await carryOutOrders(world.clerk);
  const answers = (await world.clerk.orders.answerTo(id)) ?? [];
  return answers.map(({ happened, next }) => `${happened}; ${next}`);
}

/** What a record says. */
export function field(world: World, amiId: string, name: string): Promise<string | null> {
  return world.connection.redis.hget(world.connection.keys.image(REGION, amiId), name);
}

/** Passes, reports and days. */
export async function days(world: World, count: number): Promise<void> {
  for (let day = 0; day < count; day += 1) {
    world.clock.advance(DAY_MS);
    for (let pass = 0; pass < 3; pass += 1) {
      await world.tick();
      world.clock.advance(PERIODS.leaseMs);
    }
    await world.report();
  }
}
