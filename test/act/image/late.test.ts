import t from "tap";
import { DAY_MS, SECOND_MS } from "../../../src/domain/time.ts";
import { addNightly, openWorld, UPLOADER } from "../../support/world/world.ts";

t.test(
  "a claim takes more than its lease has time for: what it does not reach to is due at once, and none is lost",
  async (t) => {
    const world = await openWorld(t);
    for (let count = 1; count <= 5; count += 1) await world.hear(UPLOADER, addNightly(world, count).message);
    world.clock.advance(5 * DAY_MS);
    const { simulator, clock } = world;
    const slow = (): Promise<void> => {
      clock.advance(100 * SECOND_MS);
      return Promise.resolve();
    };
    simulator.faults.add({ kind: "hold", until: slow, action: "ModifyImageAttribute", when: "after", times: Infinity });
    t.same(await world.tick(), { "make-private": 2, late: 3 }, "four fifths of five minutes are enough for two");
    t.same(await world.tick(), { "make-private": 2, late: 1 });
    t.same(await world.tick(), { "make-private": 1 });
    t.equal(simulator.journal.of("ModifyImageAttribute").length, 5, "no call was in vain");
  },
);
