import { readFileSync } from "node:fs";
import t, { type Test } from "tap";
import { askUsage, type UsageAsker, type UsageCounts } from "../../../src/act/asking/elsewhere.ts";
import { tickRegion } from "../../../src/act/tick.ts";
import { openUsageReports } from "../../../src/adapters/ec2/usage.ts";
import { redisUsage } from "../../../src/adapters/redis/images/usage.ts";
import type { ImageRecord } from "../../../src/demo/outside/ec2/state/records.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { carryOutOrders } from "../../../src/operate/orders.ts";
import { actionsOf, judge, type Policy } from "../../support/outside/iam.ts";
import { silentLog } from "../../support/run/log.ts";
import { ACCOUNT, GUARDS } from "../../support/world/image.ts";
import { ask, field } from "../../support/world/nightly.ts";
import { addNightly, openWorld, REGION, UPLOADER, type World } from "../../support/world/world.ts";

const OTHERS = ["111111111111", "222222222222", "333333333333"];

interface Asking extends World {
  readonly amiId: string;
  pass(): Promise<UsageCounts>;
  act(): Promise<Record<string, number>>;
}

/** A nightly that is due in a day, and is used in three other accounts and in ours. */
async function openAsking(t: Test, keepFrom = 0): Promise<Asking> {
  const world = await openWorld(t);
  const { simulator, connection, clock, ticker, clerk } = world;
  const { amiId, message } = addNightly(world);
  const usedBy: ImageRecord["usedBy"] = [ACCOUNT, ...OTHERS].flatMap((accountId) =>
    (["ec2:Instance", "ec2:LaunchTemplate"] as const).map((resourceType) => ({ accountId, resourceType, count: 2 })),
  );
  simulator.changeImage(REGION, amiId, { usedBy });
  await world.hear(UPLOADER, message);
  const credentials = { accessKeyId: "AKIDTEST", secretAccessKey: "secret" };
  const options = { endpoint: simulator.url, credentials, role: null, share: 1, clock, log: silentLog };
  const reports = openUsageReports(options);
  t.teardown(() => {
    reports.close();
  });
  const memory = redisUsage(connection);
  const asker: UsageAsker = {
    schedule: ticker.schedule,
    reports,
    memory,
    orders: clerk.orders,
    images: ticker.images,
    breakers: ticker.breakers,
    guards: GUARDS,
    log: silentLog,
    keepFrom,
  };
  return {
    ...world,
    amiId,
    pass: async () => {
      const counts = await askUsage(asker);
      await carryOutOrders(clerk);
      return counts;
    },
    act: () => tickRegion(REGION, { ...ticker, usage: { memory, keepFrom } }),
  };
}

t.test("the report tells in how many other accounts an image is in use, and none by its name", async (t) => {
  const asking = await openAsking(t);
  const { clock, simulator, amiId } = asking;
  t.same(await asking.pass(), { asked: 0, answered: 0, held: 0 }, "not days before it is due");
  clock.advance(4 * DAY_MS);
  t.same(await asking.pass(), { asked: 1, answered: 0, held: 0 });
  t.same(await asking.pass(), { asked: 0, answered: 0, held: 0 }, "it is not ready");
  clock.advance(MINUTE_MS);
  t.same(await asking.pass(), { asked: 0, answered: 1, held: 0 });
  t.equal(simulator.journal.of("DeleteImageUsageReport").length, 1, "read, and removed");
  clock.advance(DAY_MS);
  t.match(await asking.act(), { "make-private": 1 });
  await asking.report();
  const told = asking.posts().join();
  t.match(told, /known use: in use in 3 other accounts/);
  for (const account of [ACCOUNT, ...OTHERS]) t.notMatch(told, account);
  t.same(await asking.pass(), { asked: 0, answered: 0, held: 0 });
  t.notOk(await asking.connection.redis.exists(asking.connection.keys.usage(REGION)), "what is over is forgotten");
  t.equal(await field(asking, amiId, "stage"), "private");
  const policy = JSON.parse(
    readFileSync(new URL("../../../../deploy/iam/usage.json", import.meta.url), "utf8"),
  ) as Policy;
  const calls = simulator.journal.entries.filter(({ action }) => action.includes("ImageUsageReport"));
  t.same(judge(policy, calls, new Map()).refused, []);
  t.same(actionsOf(policy), [...new Set(calls.map(({ action }) => `ec2:${action}`))].sort(), "no other is allowed");
});

t.test("what many accounts use is held for a person, and goes on when one releases it", async (t) => {
  const asking = await openAsking(t, 3);
  const { clock, amiId } = asking;
  clock.advance(4 * DAY_MS);
  await asking.pass();
  clock.advance(MINUTE_MS);
  t.match(await asking.pass(), { answered: 1, held: 1 });
  t.equal(await field(asking, amiId, "stage"), "held");
  t.equal(await field(asking, amiId, "hold_why"), "in use in 3 other accounts");
  clock.advance(2 * HOUR_MS);
  await asking.act();
  await asking.pass();
  t.equal(await field(asking, amiId, "stage"), "held", "without an end");
  await asking.report();
  t.match(asking.posts().join(), /## Held \(1\)[^]*by: this service[^]*in use in 3 other accounts/);
  await ask(asking, "release", { amiId });
  await asking.act();
  t.equal(await field(asking, amiId, "stage"), "public");
  t.match(await asking.pass(), { held: 0 }, "not again");
  clock.advance(DAY_MS);
  await asking.act();
  t.equal(await field(asking, amiId, "stage"), "private");
});

t.test("whatever EC2 does not answer keeps the image public, and is told after a day", async (t) => {
  const asking = await openAsking(t);
  const { clock, simulator, amiId } = asking;
  simulator.configure(REGION, { usageReportMs: "error" });
  clock.advance(5 * DAY_MS + MINUTE_MS);
  t.match(await asking.act(), { wait: 1 }, "nobody has asked yet");
  await asking.pass();
  t.same(await asking.pass(), { asked: 0, answered: 0, held: 0 }, "an error is no answer");
  clock.advance(DAY_MS);
  await asking.act();
  t.match(await field(asking, amiId, "last_error"), /^usage-unknown: /);
  await asking.report();
  t.match(asking.posts().join(), /Amazon EC2 does not tell yet who uses it in other accounts/);
  t.equal(simulator.image(REGION, amiId)?.permission.isPublic, true);
  simulator.configure(REGION, { usageReportMs: 0 });
  await asking.pass();
  await asking.pass();
  clock.advance(HOUR_MS);
  t.match(await asking.act(), { "make-private": 1 });
});

t.test(
  "of many images that are due at once, a pass asks about twenty in a region, and the next about the rest",
  async (t) => {
    const asking = await openAsking(t);
    const { clock, simulator } = asking;
    const further = Array.from({ length: 24 }, (_, index) => `ami-1000000000000${1000 + index}`);
    for (const id of further) {
      simulator.addImage(REGION, { id, name: id, snapshots: [] });
      const body = { architecture: "x86_64", compose_id: "Fedora-Rawhide-20261121.n.0", image_name: id };
      await asking.hear(UPLOADER, { ...body, regions: { [REGION]: id } });
    }
    clock.advance(4 * DAY_MS);
    t.match(await asking.pass(), { asked: 20, answered: 0 });
    t.match(await asking.pass(), { asked: 5 });
    t.match(await asking.pass(), { asked: 0 }, "each once");
    t.equal(simulator.journal.of("CreateImageUsageReport").length, 25);
  },
);
