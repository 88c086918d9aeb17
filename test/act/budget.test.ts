import t from "tap";
import { ACT_KINDS } from "../../src/domain/limits/budget.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { addCompose } from "../support/scenes/proof.ts";
import { ask } from "../support/world/nightly.ts";
import { openWorld, PERIODS, REGION, UPLOADER } from "../support/world/world.ts";

t.test("each kind of act has its own budget a day; what is over it waits until a person resumes", async (t) => {
  const budgets = { maxPrivatePerDay: 3, maxDeletesPerDay: 1, maxShareOfRegion: 1 };
  const world = await openWorld(t, { budgets });
  const resume = () => world.budgets.resume(ACT_KINDS, world.clock.now());
  const uploads: string[] = [];
  for (let number = 0; number < 4; number += 1)
    for (const { message, amiId } of addCompose(world, String(20261001 + number), [REGION])) {
      await world.hear(UPLOADER, message);
      uploads.push(amiId);
    }
  world.clock.advance(PERIODS.privateAfterMs);
  t.same(await world.tick(), { "make-private": 3, wait: 1 });
  t.match(await world.budgets.stops(), [
    { kind: "private", reason: /^3 images made private on .* max_private_per_day/ },
  ]);
  world.clock.advance(DAY_MS);
  t.same(await world.tick(), { wait: 1 }, "another day alone does not let it go on");
  const given = uploads.find((each) => world.simulator.image(REGION, each)?.permission.isPublic === false) ?? "";
  await ask(world, "restore", { amiId: given });
  t.match(await world.tick(), { restore: 1 }, "what is given back costs no budget, and waits for none");
  await resume();
  world.clock.advance(DAY_MS);
  t.match(await world.tick(), { "make-private": 1 });
  await world.report();
  world.clock.advance(PERIODS.deleteAfterMs);
  t.same(await world.tick(), { delete: 1, wait: 2 });
  t.match(await world.budgets.stops(), [{ kind: "delete", reason: /^1 deletes on .* max_deletes_per_day/ }]);
  await resume();
  world.clock.advance(DAY_MS);
  t.same(await world.tick(), { delete: 1, wait: 1 });
});

t.test("what was begun is finished, though the day's budget is spent meanwhile", async (t) => {
  const world = await openWorld(t, { budgets: { maxPrivatePerDay: 1, maxDeletesPerDay: 1, maxShareOfRegion: 1 } });
  for (const day of ["20261001", "20261002"])
    for (const { message } of addCompose(world, day, [REGION])) await world.hear(UPLOADER, message);
  world.clock.advance(PERIODS.privateAfterMs);
  const fault = { kind: "error", code: "IncorrectState", action: "ModifySnapshotAttribute", times: Infinity } as const;
  const lift = world.simulator.faults.add(fault);
  t.same(await world.tick(), { failed: 1, wait: 1 });
  t.match(await world.budgets.stops(), [{ kind: "private" }]);
  lift();
  world.clock.advance(HOUR_MS);
  t.same(await world.tick(), { "make-private": 1, wait: 1 });
});
