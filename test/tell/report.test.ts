import t from "tap";
import { logReports } from "../../src/adapters/log-reports.ts";
import { pagureError } from "../../src/demo/outside/pagure/access.ts";
import { htmlPage, type Trouble } from "../../src/demo/outside/faults.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { RefusedError, UpstreamError } from "../../src/errors.ts";
import { silentLog } from "../support/run/log.ts";
import { openReporting, REPO, START, TOKEN, type Reporting } from "../support/scenes/reporting.ts";

/** The deadline in the image's record, as days from now. */
async function deadline({ image, clock }: Pick<Reporting, "image" | "clock">, amiId: string): Promise<number | null> {
  const { deleteAt = null, noticedAt = null } = (await image(amiId)) ?? {};
  return deleteAt === null || noticedAt === null ? null : (deleteAt - clock.now()) / DAY_MS;
}

t.test("what was made private is told once, and its ten days run from the notice that was read back", async (t) => {
  const reporting = await openReporting(t);
  const [first = "", second = ""] = await reporting.makePrivate(2);
  reporting.clock.advance(3 * HOUR_MS);
  t.equal(await deadline(reporting, first), null, "no notice, no deadline");
  t.same(await reporting.report(), { posted: 1, noticed: 2 });
  t.same([await deadline(reporting, first), await deadline(reporting, second)], [10, 10]);
  t.same(await reporting.report(), { posted: 0, noticed: 0 });
  t.same([reporting.sightings(first), reporting.sightings(second)], [1, 1]);
});

const DOWN: readonly (readonly [string, Trouble, boolean])[] = [
  ["unavailable", { kind: "answer", status: 503, body: "down" }, false],
  ["a web page", { kind: "answer", status: 200, body: htmlPage("Maintenance") }, false],
  ["cut off", { kind: "cut", takesEffect: false }, false],
  ["expired token", { kind: "answer", status: 401, body: pagureError("EINVALIDTOK", "Expired token") }, true],
  ["not found", { kind: "answer", status: 404, body: htmlPage("Not Found") }, true],
  ["tracker disabled", { kind: "answer", status: 404, body: pagureError("ETRACKERDISABLED") }, true],
  ["tracker read-only", { kind: "answer", status: 401, body: pagureError("ETRACKERREADONLY") }, true],
  ["database trouble", { kind: "answer", status: 400, body: pagureError("EDBERROR") }, false],
];

t.test(
  "whatever is wrong with Pagure, no entry is lost: images wait, however long, and are noticed afterwards",
  async (t) => {
    for (const [name, trouble, isForAPerson] of DOWN) {
      const reporting = await openReporting(t);
      const [early = ""] = await reporting.makePrivate(1);
      const cure = reporting.pagure.fail({ times: Infinity, trouble });
      for (let day = 0; day < 3; day += 1) {
        await t.rejects(reporting.report(), isForAPerson ? RefusedError : UpstreamError, name);
        reporting.clock.advance(DAY_MS);
      }
      const [late = ""] = await reporting.makePrivate(1);
      t.equal(await deadline(reporting, early), null, `${name}: no deadline meanwhile`);
      t.same(reporting.posts(), []);
      cure();
      t.same((await reporting.report()).noticed, 2, name);
      t.same([reporting.sightings(early), reporting.sightings(late)], [1, 1], `${name}: told once`);
      t.same([await deadline(reporting, early), await deadline(reporting, late)], [10, 10], `${name}: from now on`);
      t.match(reporting.posts()[0], /before \*\*2026-12-07\*\*/, "the day that is told counts from now on as well");
    }
  },
);

t.test("a Pagure that is down makes no noise while there is nothing to tell, but the status says so", async (t) => {
  const { report, reporter, pagure, makePrivate, logged } = await openReporting(t);
  await report();
  pagure.fail({ times: 3, trouble: { kind: "answer", status: 503, body: "down" } });
  t.same(await report(), { posted: 0, noticed: 0 });
  t.match(await reporter.journal.status(), { state: "failing", reason: /503/ });
  await makePrivate(1);
  await t.rejects(report(), { code: "HTTP_503" }, "now there is something to tell");
  t.same(
    logged.filter((line) => /^(?:warn|error) /.test(line)),
    [],
  );
  pagure.fail({ times: 0, trouble: { kind: "cut", takesEffect: false } });
});

t.test("whether the reports reach the public is remembered, with since when they do not and what to do", async (t) => {
  const { report, reporter, pagure, clock, logged } = await openReporting(t);
  t.equal(await reporter.journal.status(), null);
  await report();
  t.match(await reporter.journal.status(), { state: "ok", since: START, reason: "", checkedAt: START });
  pagure.setToken(TOKEN, { user: "bot", expiresAt: START });
  const failedAt = START + DAY_MS;
  for (let day = 1; day < 4; day += 1) {
    clock.advance(DAY_MS);
    for (let pass = 0; pass < 2; pass += 1)
      await t.rejects(report(), { code: "EINVALIDTOK" }, "with nothing to tell, too");
  }
  const failing = { state: "failing", since: failedAt, checkedAt: START + 3 * DAY_MS } as const;
  t.match(await reporter.journal.status(), { ...failing, reason: /Expired token.*create a new API token/ });
  t.equal(logged.filter((line) => line.startsWith("error ")).length, 3, "an alarm each day");
  pagure.setToken(TOKEN, { user: "bot" });
  await report();
  t.match(await reporter.journal.status(), { state: "ok", since: START + 3 * DAY_MS, reason: "" });
});

t.test("a reporter that lost its lease posts nothing and writes nothing", async (t) => {
  const { report, reporter, pagure, connection, makePrivate, sightings } = await openReporting(t);
  const [amiId = ""] = await makePrivate(1);
  const { redis, keys } = connection;
  const lease = keys.control("reporter:pagure:lease");
  const stop = pagure.onCall(({ path }) => {
    if (path.endsWith("/issues")) void redis.set(lease, "another reporter");
  });
  await t.rejects(report(), { name: "UpstreamError", code: "lease-lost" });
  t.equal(sightings(amiId), 0);
  t.equal(await redis.get(lease), "another reporter", "and leaves the other one's lease alone");
  stop();
  await redis.del(lease);
  const mine = await reporter.journal.reporterLease();
  t.same(await report(), { posted: 0, noticed: 0 }, "while another process reports, nothing is done");
  await redis.del(lease);
  const post = {
    day: "2026-11-24",
    marker: "m",
    until: {},
    extra: null,
    mostBytes: 1,
    unsureAt: null,
    writtenAt: null,
  };
  const lost = { name: "UpstreamError", code: "lease-lost" };
  for (const write of [
    () => mine?.confirm(),
    () => mine?.savePendingPost(post),
    () => mine?.finishPost({ "us-east-1": "9-9" }, {}),
    () => mine?.remember({ toldDay: "2026-11-24" }),
  ])
    await t.rejects(Promise.resolve(write()), lost);
  await mine?.end();
  t.same(await report(), { posted: 1, noticed: 1 });
  t.equal(sightings(amiId), 1);
});

t.test("a post whose answer was lost rests a minute, is looked for, and is looked at once more", async (t) => {
  for (const takesEffect of [true, false]) {
    const { report, pagure, clock, makePrivate, sightings, connection } = await openReporting(t);
    const [amiId = ""] = await makePrivate(1);
    pagure.fail({ path: /new_issue$/, trouble: { kind: "cut", takesEffect } });
    await t.rejects(report(), UpstreamError);
    clock.advance(MINUTE_MS - 1);
    t.same(await report(), { posted: 0, noticed: 0 }, "it may still be under way");
    t.equal(sightings(amiId), takesEffect ? 1 : 0);
    clock.advance(1);
    t.same(await report(), { posted: 1, noticed: 1 });
    t.equal(sightings(amiId), 1);
    const looks = (): Promise<string | null> =>
      connection.redis.hget(connection.keys.control("reporter:pagure:memory"), "second_looks");
    t.match(await looks(), "clean-amis-part:");
    clock.advance(MINUTE_MS);
    await report();
    t.equal(await looks(), "[]");
  }
});

t.test("a post that arrives late, when it was repeated already, is made a pointer to the first", async (t) => {
  const { report, pagure, clock, makePrivate, sightings, posts } = await openReporting(t);
  pagure.setToken(TOKEN, { user: "bot", project: REPO, acls: ["issue_create", "issue_comment", "issue_update"] });
  const [amiId = ""] = await makePrivate(1);
  const later = new AbortController();
  const arrives = new Promise((resolve) => {
    later.signal.addEventListener("abort", resolve);
  });
  pagure.fail({ path: /new_issue$/, trouble: { kind: "late", when: arrives } });
  await t.rejects(report(), UpstreamError);
  clock.advance(MINUTE_MS);
  t.same(await report(), { posted: 1, noticed: 1 });
  const arrived = new Promise((resolve) => pagure.onCall(resolve));
  later.abort();
  await arrived;
  t.equal(sightings(amiId), 2, "it stands there twice");
  clock.advance(MINUTE_MS);
  await report();
  t.equal(sightings(amiId), 1);
  t.match(posts().at(-1), /Each image counts once/);
});

t.test("reporter that are too long for Pagure are halved until they fit, and name each image once", async (t) => {
  const { report, makePrivate, sightings, posts } = await openReporting(t, { maxBodyBytes: 20_000 });
  const amiIds = await makePrivate(200);
  const { noticed, posted } = await report();
  t.equal(noticed, 200);
  t.equal(posts().length, posted);
  for (const amiId of amiIds) t.equal(sightings(amiId), 1);
});

t.test("a Pagure that takes no length at all is an alarm, and loses nothing", async (t) => {
  const { report, makePrivate, sightings, pagure, reporter } = await openReporting(t);
  const amiIds = await makePrivate(5);
  const cure = pagure.fail({
    method: "POST",
    path: /new_issue$/,
    times: Infinity,
    trouble: { kind: "answer", status: 413, body: htmlPage("Too large") },
  });
  for (let pass = 0; pass < 2; pass += 1) await t.rejects(report(), { name: "RefusedError", code: "TOO_LONG" });
  t.match(await reporter.journal.status(), { state: "failing", reason: /lower the size/ });
  cure();
  t.equal((await report()).noticed, 5);
  for (const amiId of amiIds) t.equal(sightings(amiId), 1);
});

t.test("no post is longer than what is configured, and every image stands in one", async (t) => {
  const { report, makePrivate, sightings, posts } = await openReporting(t);
  const amiIds = [
    ...(await makePrivate(150, { region: "us-east-1" })),
    ...(await makePrivate(150, { region: "eu-west-1", composeId: "Fedora-Cloud-43-20261119.0" })),
  ];
  await report({ mostBytes: 5_000 });
  t.ok(posts().length > 3);
  for (const post of posts()) t.ok(Buffer.byteLength(post) <= 5_000, `${Buffer.byteLength(post)} bytes`);
  for (const amiId of amiIds) t.equal(sightings(amiId), 1);
});

t.test("what happened at midnight stands in its own day's issue, also when it was written out of order", async (t) => {
  const { report, makePrivate, pagure, clock } = await openReporting(t);
  clock.advance(16 * HOUR_MS);
  const [today = ""] = await makePrivate(1);
  clock.advance(-1000);
  const [yesterday = ""] = await makePrivate(1);
  clock.advance(1000);
  t.same(await report(), { posted: 2, noticed: 2 });
  const issueOf = (amiId: string): string | undefined =>
    pagure.tracker.issues(REPO).find(({ content }) => content.includes(amiId))?.title;
  t.match([issueOf(yesterday), issueOf(today)], [/2026-11-24$/, /2026-11-25$/]);
});

t.test("a report to the log sets no deadline, unless somebody wants it to count", async (t) => {
  for (const isPublic of [false, true]) {
    const reporting = await openReporting(t);
    const [amiId = ""] = await reporting.makePrivate(1);
    await reporting.report({ reports: logReports(silentLog), isPublic });
    t.equal(await deadline(reporting, amiId), isPublic ? 10 : null);
  }
});
