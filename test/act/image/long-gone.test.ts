import t from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import { openWorld, PERIODS, REGION, UPLOADER } from "../../support/world/world.ts";

const BODY = { architecture: "x86_64", compose_id: "Fedora-Rawhide-20261120.n.0", image_name: "x" };

t.test("what we may have deleted ourselves before Redis was lost is not told as another hand's deed", async (t) => {
  const world = await openWorld(t);
  const [old, young] = ["ami-a0000000000000000", "ami-b0000000000000000"];
  const hear = (amiId: string, days: number): Promise<unknown> =>
    world.hear(UPLOADER, { ...BODY, regions: { [REGION]: amiId } }, world.clock.now() - days * DAY_MS);
  await hear(old, 15);
  await hear(young, 14);
  for (let day = 0; day < 3; day += 1) {
    await world.tick();
    world.clock.advance(DAY_MS);
  }
  await world.report();
  const { redis, keys } = world.connection;
  const stages = await Promise.all([old, young].map((amiId) => redis.hget(keys.image(REGION, amiId), "stage")));
  t.same(stages, ["gone", "gone"]);
  const told = world.posts().join();
  t.match(
    told,
    /## Gone by another hand \(1\)(?:(?!\n## )[^])*ami-b0000000000000000/,
    "all of its days were not over yet",
  );
  t.match(told, /## Gone, and nobody knows by whom \(1\)(?:(?!\n## )[^])*ami-a0000000000000000/);
  const [, ...history] = await world.reporter.journal.historyOf(REGION, [old]);
  t.match(history, [{ what: "gone", why: /may have been deleted by this service/ }], "its life says so as well");
  t.equal(PERIODS.privateAfterMs + PERIODS.deleteAfterMs, 15 * DAY_MS);
});
