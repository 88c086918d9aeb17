import t from "tap";
import { redisBreakers } from "../../src/adapters/redis/control/breakers.ts";
import { redisBudgets } from "../../src/adapters/redis/control/budgets.ts";
import { publicReason } from "../../src/domain/plan/public-reason.ts";
import { afterRefusal } from "../../src/domain/plan/setback.ts";
import type { Stoppage } from "../../src/domain/report/outlook.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { dueList } from "../../src/tell/outlook.ts";
import { stoppages } from "../../src/tell/stops.ts";
import { openReporting } from "../support/scenes/reporting.ts";

t.test(
  "a day's first report tells what is due in the next seven days, and no later one of that day does",
  async (t) => {
    const { report, makePrivate, clock, posts } = await openReporting(t);
    await makePrivate(3);
    await report();
    t.notMatch(posts().join(), /## Due before/, "nothing is due within seven days");
    clock.advance(4 * DAY_MS);
    await makePrivate(1, { composeId: "Fedora-Rawhide-20261123.n.0" });
    await report();
    t.match(
      posts().at(-1),
      /## Due before 2026-12-05[^]*To be deleted[^]*\| 2026-12-04 \| `Fedora-Rawhide-20261119\.n\.0` \| 3 \| 1 \|/,
    );
    clock.advance(HOUR_MS);
    await makePrivate(1, { composeId: "Fedora-Rawhide-20261123.n.1" });
    await report();
    t.notMatch(posts().at(-1), /## Due before/);
    t.equal(posts().length, 3);
  },
);

t.test("what is due leaves no room in a full post, and follows in one of its own", async (t) => {
  const { report, makePrivate, clock, posts } = await openReporting(t);
  await makePrivate(3);
  await report();
  clock.advance(4 * DAY_MS);
  await makePrivate(23, { composeId: "Fedora-Rawhide-20261123.n.0" });
  t.equal((await report({ mostBytes: 5_000 })).noticed, 23);
  const today = posts().slice(1);
  t.equal(today.filter((text) => text.includes("## Due before")).length, 1);
  t.match(today.at(-1), /## Due before/, "it is the last one");
  for (const post of today) t.ok(Buffer.byteLength(post) <= 5_000);
});

t.test("days on which nothing happened post nothing, and a week of them says that the service lives", async (t) => {
  const { report, clock, posts, makePrivate } = await openReporting(t);
  await makePrivate(2);
  await report();
  for (let hour = 1; hour < 7 * 24; hour += 1) {
    clock.advance(HOUR_MS);
    t.same(await report(), { posted: 0, noticed: 0 });
  }
  clock.advance(HOUR_MS);
  t.same(await report(), { posted: 1, noticed: 0 });
  t.match(posts().at(-1), /## Nothing happened[^]*since 2026-11-24[^]*watches 1 region; [^]* 2 to be deleted/);
  clock.advance(HOUR_MS);
  t.same(await report(), { posted: 0, noticed: 0 });
});

const STOP: Stoppage = {
  what: "deleting images",
  why: "500 images a day are the budget",
  since: null,
  images: 731,
  plan: ["us-east-1 ami-1 Fedora-Rawhide-20261119.n.0: delete | <b>", "eu-west-1 ami-2: delete"],
};

t.test("a stop is told with its plan, once a day as long as it lasts, also when nothing else happens", async (t) => {
  const { report, clock, posts } = await openReporting(t);
  const stoppages = (): Promise<Stoppage[]> => Promise.resolve([STOP]);
  for (let hour = 0; hour < 48; hour += 1) {
    await report({ stoppages });
    clock.advance(HOUR_MS);
  }
  t.equal(posts().length, 3, "from 08:00 of one day to 07:00 of the third");
  t.match(posts()[0], /## Stopped by a limit or a person[^]*### Not done: `deleting images`[^]*731 images wait for it/);
  t.match(posts()[0], /\n\* `us-east-1 ami-1 Fedora-Rawhide-20261119\.n\.0: delete ¦ <b>`\n[^]*\* and 729 more/);
});

t.test("a pause and a stop are told with what waits for their end", async (t) => {
  const { report, makePrivate, connection, reporter, clock, posts } = await openReporting(t);
  const [amiId = ""] = await makePrivate(1);
  await report();
  clock.advance(10 * DAY_MS);
  const limits = { maxDeletesPerDay: 1, maxPrivatePerDay: 1, maxShareOfRegion: 1 };
  const budgets = redisBudgets(connection, limits);
  await budgets.pause("ann", "we look at it", clock.now());
  const other = { region: "us-east-1", amiId: "ami-00000000000000099" };
  for (const image of [other, { ...other, amiId }]) await budgets.reserve("delete", image, 10, clock.now());
  const told = await stoppages({ budgets, schedule: reporter.schedule, breakers: redisBreakers(connection) });
  t.match(told, [
    { what: "anything", why: "ann: we look at it", since: clock.now(), images: 1 },
    { what: "delete images", why: /max_deletes_per_day/, images: 1 },
  ]);
  t.match(told[1]?.plan, [new RegExp(`^us-east-1 ${amiId} Fedora-.*: delete, due since 2026-12-04T08:00:00Z$`)]);
  await report({ stoppages: () => Promise.resolve(told) });
  t.match(posts().at(-1), /### Not done since 2026-12-04 08:00 UTC: `anything`[^]*`delete images`/);
});

t.test("what is refused stays in the report, by its reason, until it is cured", async (t) => {
  const { report, makePrivate, reporter, clock, image, posts } = await openReporting(t);
  const [first = "", second = ""] = await makePrivate(2);
  await report();
  clock.advance(10 * DAY_MS);
  for (const amiId of [first, second]) {
    const refused = await image(amiId);
    if (refused === null) throw new Error("lost");
    await reporter.schedule.change(refused, afterRefusal(refused, "protection", "it is protected", clock.now()));
  }
  await report();
  t.match(
    posts().at(-1),
    /## Refused: left as they are \(2\)[^]*## Still left as they are[^]*\* why: it is protected against deregistration in EC2; who must act: whoever protected it; 2 images of/,
  );
  const { refused, deletes } = await dueList(reporter.schedule, clock.now());
  t.same(
    [refused, deletes],
    [[{ ...publicReason("protection: x"), images: 2, composeIds: ["Fedora-Rawhide-20261119.n.0"] }], []],
  );
});
