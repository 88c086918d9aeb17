import t from "tap";
import { tickRegion } from "../../src/act/tick.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { addNightly, hearsAll, openWorld, REGION, UPLOADER } from "../support/world/world.ts";

t.test("a Redis that was started anew between claim and call takes nothing, and gives back all the same", async (t) => {
  const world = await openWorld(t);
  const { message, composeId } = addNightly(world);
  await world.hear(UPLOADER, message);
  world.clock.advance(5 * DAY_MS);
  const heard = { ...hearsAll(world.clock), isStill: () => Promise.resolve(false) };
  const ticker = { ...world.ticker, listen: () => Promise.resolve(heard) };
  t.same(await tickRegion(REGION, ticker), { lost: 1 });
  t.same(world.simulator.journal.mutating(), [], "nothing was tagged or closed");
  world.clock.advance(HOUR_MS);
  await world.tick();
  world.clock.advance(HOUR_MS);
  await world.hear("releng.atomic.twoweek.complete", { atomic_raw: { compose_id: composeId } });
  t.same(await tickRegion(REGION, ticker), { restore: 1 });
});
