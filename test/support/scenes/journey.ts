import { tickAndDie } from "../world/mortal.ts";
import type { Datagrepper } from "./reconcile.ts";
import { PERIODS, REGION, type Nightly, type World } from "../world/world.ts";
import type { Verb } from "../../../src/domain/image/order.ts";
import { DAY_MS, MINUTE_MS, parseInstant, type Instant } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";

/** A journey whose upload is announced and archived. */
export interface Journey extends Nightly {
  readonly world: World;
  readonly datagrepper: Datagrepper;
}

export async function order({ world, amiId }: Journey, verb: Verb, until: Instant | null = null): Promise<void> {
  const words = { verb, by: "relengbot", why: "in use", until, at: world.clock.now() };
  await world.clerk.orders.add({ ...words, images: [{ region: REGION, amiId }], composeId: null });
  await carryOutOrders(world.clerk);
}

export function waitThreeDays({ world }: Journey): Promise<void> {
  world.clock.advance(3 * DAY_MS);
  return Promise.resolve();
}

export async function makePrivate({ world }: Journey): Promise<void> {
  world.clock.advance(5 * DAY_MS);
  await world.tick();
}

export async function notice(journey: Journey): Promise<void> {
  await makePrivate(journey);
  await journey.world.report();
}

export async function due(journey: Journey): Promise<void> {
  await notice(journey);
  journey.world.clock.advance(10 * DAY_MS);
}

export async function hold(journey: Journey, until: Instant | null = null): Promise<void> {
  await order(journey, "hold", until);
  await journey.world.tick();
}

/** A release is heard, and stands in the archive. */
export async function release({ world, datagrepper, composeId }: Journey): Promise<void> {
  const body = { atomic_raw: { compose_id: composeId } };
  datagrepper.add("releng.atomic.twoweek.complete", body, world.clock.now());
  await world.hear("releng.atomic.twoweek.complete", body);
}

export async function publicByAnotherHand(journey: Journey): Promise<void> {
  await notice(journey);
  const { world, amiId } = journey;
  const image = world.simulator.image(REGION, amiId);
  if (image === null) throw new Error("there is no image");
  world.simulator.changeImage(REGION, amiId, { permission: { ...image.permission, isPublic: true } });
}

export async function dieWhilePrivate({ world }: Journey, call: string, nth = 1): Promise<void> {
  world.clock.advance(5 * DAY_MS);
  await tickAndDie(world, call, nth);
}

export async function dieWhileDeleting(journey: Journey, call: string): Promise<void> {
  await due(journey);
  await tickAndDie(journey.world, call);
}

/** The days that go on: passes, a look for facts, a report. */
export async function days(world: World, count: number): Promise<void> {
  for (let day = 0; day < count; day += 1) {
    for (let pass = 0; pass < 2; pass += 1) {
      await world.resolve();
      await world.tick();
      world.clock.advance(PERIODS.leaseMs + MINUTE_MS);
    }
    await world.report();
    world.clock.advance(DAY_MS - 2 * (PERIODS.leaseMs + MINUTE_MS));
  }
}

/** The date that stood in Redis before it was lost, or null. */
export async function oldDate({ world, amiId }: Journey): Promise<Instant | null> {
  const { redis, keys } = world.connection;
  return parseInstant((await redis.hget(keys.image(REGION, amiId), "delete_at")) ?? "");
}

export function deletedAt({ world, amiId }: Journey): Instant | null {
  const calls = world.simulator.journal.of("DeregisterImage");
  return calls.find(({ resources, effect }) => resources.includes(amiId) && effect !== null)?.at ?? null;
}

/** When the public was told, for the last time, that the image is private or released. */
export async function lastNotice({ world, amiId }: Journey): Promise<Instant> {
  const { redis, keys } = world.connection;
  return parseInstant((await redis.hget(keys.image(REGION, amiId), "noticed_at")) ?? "") ?? Infinity;
}
