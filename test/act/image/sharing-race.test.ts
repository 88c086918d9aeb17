import { EventEmitter, once } from "node:events";
import t, { type Test } from "tap";
import { tickRegion } from "../../../src/act/tick.ts";
import { CallCounter } from "../../support/scenes/crash.ts";
import {
  addNightly,
  openWorld,
  PERIODS,
  REGION,
  UPLOADER,
  type Nightly,
  type World,
} from "../../support/world/world.ts";

const SHARED = "snap-00000000000000001";

/** Two nightlies that are due to be made private, and stand on one snapshot. */
async function openPair(t: Test): Promise<{ readonly world: World; readonly pair: readonly [Nightly, Nightly] }> {
  const world = await openWorld(t);
  const pair = [addNightly(world, 1), addNightly(world, 2)] as const;
  const devices = world.simulator.image(REGION, pair[0].amiId)?.devices ?? [];
  world.simulator.changeImage(REGION, pair[1].amiId, { devices });
  for (const { message } of pair) await world.hear(UPLOADER, message);
  world.clock.advance(PERIODS.privateAfterMs);
  return { world, pair };
}

/** A pass of a replica of its own, which takes one image; at its n-th call `meanwhile` happens. */
function passOf({ ticker }: World, call: number, meanwhile: () => Promise<unknown>): Promise<unknown> {
  const counter = new CallCounter({ call, when: "after" }, meanwhile);
  const { images, schedule, ...others } = ticker;
  return tickRegion(REGION, {
    ...others,
    images: counter.wrap(images),
    schedule: counter.wrap(schedule),
    batch: () => 1,
  });
}

/** Each of two replicas takes one image; the second begins at a call of the first, and waits at a call of its own for its end. */
async function interleaved(world: World, first: number, second: number): Promise<void> {
  const over = new EventEmitter();
  let other: Promise<unknown> = Promise.resolve();
  await passOf(world, first, async () => {
    const waits = once(over, "waits");
    other = passOf(world, second, () => {
      over.emit("waits");
      return once(over, "end");
    });
    await Promise.race([waits, other]);
  });
  over.emit("end");
  await other;
}

/** Calls of a pass that makes one image private, from its look at who stands on the snapshot to its end. */
const CALLS = [14, 18, 22, 26, 30];

for (const first of CALLS)
  for (const second of CALLS)
    t.test(
      `two replicas that make the sharers of a snapshot private at once close it: ${first}, ${second}`,
      async (t) => {
        const { world } = await openPair(t);
        await interleaved(world, first, second);
        await world.tick();
        for (const { permission } of world.simulator.images(REGION)) t.equal(permission.isPublic, false);
        const snapshot = world.simulator.snapshot(REGION, SHARED);
        t.equal(snapshot?.permission.isPublic, false);
        t.match(snapshot?.tags["clean-amis:intent"], / all$/);
      },
    );
