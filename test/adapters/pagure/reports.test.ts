import { once } from "node:events";
import t from "tap";
import type { PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import { htmlPage } from "../../../src/demo/outside/pagure/faults.ts";
import type { Trouble } from "../../../src/demo/outside/pagure/faults.ts";
import { UpstreamError } from "../../../src/errors.ts";
import {
  continued,
  copies,
  failure,
  open,
  openAs,
  opened,
  dayPost,
  publish,
  REPO,
  start,
  TITLE,
} from "../../support/outside/pagure.ts";

const CREATE = /\/new_issue$/;
const COMMENT = /\/comment$/;

t.test("a day has one issue, and its further posts are comments in their order", async (t) => {
  const double = await start(t);
  const reports = open(double);
  const first = await publish(reports, dayPost(1));
  const second = await publish(reports, dayPost(2));
  const issues = double.tracker.issues(REPO);
  t.match(issues, [{ title: TITLE, content: opened(1), author: "bot", tags: ["amis"] }]);
  t.same(
    issues[0]?.comments.map(({ text }) => text),
    [continued(2)],
  );
  t.same([first.url, second.url], [`${double.url}/${REPO}/issue/1`, `${double.url}/${REPO}/issue/1`]);
});

t.test("publishing a post again posts nothing", async (t) => {
  const double = await start(t);
  for (const number of [1, 2, 2, 1]) await publish(open(double), dayPost(number));
  t.same([copies(double, 1), copies(double, 2)], [1, 1]);
  t.equal(double.journal.filter(({ created }) => created !== null).length, 2);
});

t.test("a post is posted once, whichever answer was lost and whether or not Pagure had acted on it", async (t) => {
  for (const lost of [CREATE, COMMENT, /whoami$/, /issues$/, /issue\/\d+$/]) {
    for (const trouble of [
      { kind: "cut", takesEffect: true },
      { kind: "cut", takesEffect: false },
      { kind: "truncate", bytes: 10 },
      { kind: "answer", status: 502, body: htmlPage("Bad Gateway") },
    ] satisfies Trouble[]) {
      const double = await start(t);
      double.fail({ path: lost, trouble });
      let tries = 0;
      for (const number of [1, 2]) {
        for (let isDone = false; !isDone && tries < 9; tries += 1) {
          const published = await publish(open(double), dayPost(number)).catch((error: unknown) => error);
          isDone = !(published instanceof UpstreamError);
        }
      }
      t.same([tries, copies(double, 1), copies(double, 2)], [3, 1, 1], `${lost.source} ${JSON.stringify(trouble)}`);
      t.equal(double.tracker.issues(REPO).length, 1);
    }
  }
});

t.test("a withheld answer ends in a time-out, and the retry leaves one copy", async (t) => {
  const double = await start(t);
  for (const [number, path] of [
    [1, CREATE],
    [2, COMMENT],
  ] as const) {
    double.fail({ method: "POST", path, trouble: { kind: "withhold", takesEffect: true } });
    const error = await failure(t, publish(open(double, { timeoutMs: 3_000 }), dayPost(number)));
    t.match(error, { name: "UpstreamError", code: "TIMEOUT", message: /within 3000 ms; it is tried again later$/ });
    await publish(open(double), dayPost(number));
    t.equal(copies(double, number), 1);
  }
  t.equal(double.tracker.issues(REPO).length, 1);
});

t.test("the day's issue is found on the third page, and of several the oldest that is open is used", async (t) => {
  const double = await start(t);
  const draft = { content: "x", author: "bot" };
  for (let number = 1; number <= 2; number += 1) double.tracker.open(REPO, { ...draft, title: TITLE });
  double.tracker.setStatus(REPO, 1, "ann", "Closed", null);
  for (let number = 3; number <= 50; number += 1) double.tracker.open(REPO, { ...draft, title: `other ${number}` });
  double.tracker.open(REPO, { ...draft, title: TITLE });
  await publish(open(double), dayPost(1));
  t.match(double.tracker.issue(REPO, 2)?.comments.at(-1), { author: "bot", text: continued(1) });
  t.equal(double.journal.filter(({ path }) => path.endsWith("/issues")).length, 3);
  t.equal(copies(double, 1), 1);
});

t.test("an issue of the same title by somebody else is not ours", async (t) => {
  const double = await start(t);
  double.tracker.open(REPO, { title: TITLE, content: dayPost(1).text, author: "mallory" });
  await publish(open(double), dayPost(1));
  t.match(double.tracker.issues(REPO), [
    { author: "mallory", comments: [] },
    { author: "bot", content: opened(1) },
  ]);
});

t.test("somebody else's comment with our marker does not pass for our post", async (t) => {
  const double = await start(t);
  await publish(open(double), dayPost(1));
  double.tracker.comment(REPO, 1, "mallory", dayPost(2).text);
  await publish(open(double), dayPost(2));
  t.same(
    double.tracker.issue(REPO, 1)?.comments.map(({ author }) => author),
    ["mallory", "bot"],
  );
});

t.test("a post that the public cannot see is not confirmed", async (t) => {
  const double = await start(t);
  const reports = open(double);
  const stop = double.onCall(({ created }) => {
    if (created?.kind === "issue") double.tracker.edit(REPO, created.issueId, TITLE, "emptied by a moderator");
  });
  const error = await failure(t, publish(reports, dayPost(1)));
  t.match(error, { name: "UpstreamError", code: "NOT_SEEN" });
  stop();
  await publish(reports, dayPost(1));
  t.equal(copies(double, 1), 1, "the next try posts it again");
});

t.test("a repo is found under each of the forms that Pagure has for one", async (t) => {
  const double = await start(t);
  for (const repo of ["plain", "ns/plain", "fork/ann/plain", "fork/ann/ns/plain"]) {
    double.tracker.setProject(repo, {});
    const { url } = await publish(open(double, { repo }), dayPost(1));
    await publish(open(double, { repo }), dayPost(2));
    t.equal(url, `${double.url}/${repo}/issue/1`);
    t.match(double.tracker.issues(repo), [{ content: opened(1), comments: [{ text: continued(2) }] }], repo);
  }
});

t.test(
  "a day whose issue somebody closed goes on in another one, where people look; one that is gone is opened anew",
  async (t) => {
    const double = await start(t);
    await publish(open(double), dayPost(1));
    double.tracker.setStatus(REPO, 1, "ann", "Closed", "Fixed");
    await publish(open(double), dayPost(2));
    t.match(double.tracker.issue(REPO, 2), { title: `${TITLE} (2)`, content: opened(2) });
    await publish(open(double), dayPost(1));
    t.equal(copies(double, 1), 1, "what stands in the closed one is not told again");
    double.tracker.setStatus(REPO, 1, "ann", "Open", null);
    double.tracker.setStatus(REPO, 2, "ann", "Closed", null);
    await publish(open(double), dayPost(3));
    t.match(double.tracker.issue(REPO, 1)?.comments.at(-1), { text: continued(3) }, "one that is open again");
    double.tracker.remove(REPO, 2);
    double.tracker.remove(REPO, 1);
    await publish(open(double), dayPost(4));
    t.match(double.tracker.issues(REPO), [{ title: TITLE, content: opened(4), comments: [] }]);
  },
);

t.test("somebody who closes each issue at once gets no more than nine of a day", async (t) => {
  const double = await start(t);
  for (let number = 1; number <= 12; number += 1) {
    await publish(open(double), dayPost(number));
    for (const { id } of double.tracker.issues(REPO)) double.tracker.setStatus(REPO, id, "robot", "Closed", null);
  }
  t.equal(double.tracker.issues(REPO).length, 9);
  for (let number = 1; number <= 12; number += 1) t.equal(copies(double, number), 1);
});

t.test("when the day's issue takes no comment, the day goes on in a second one", async (t) => {
  const double = await start(t);
  await publish(open(double), dayPost(1));
  const body = { error: "The issue is locked", error_code: "EISSUENOTALLOWED" };
  double.fail({ path: /issue\/1\/comment$/, times: Infinity, trouble: { kind: "answer", status: 403, body } });
  for (const number of [2, 3, 2, 1]) await publish(open(double), dayPost(number));
  t.match(double.tracker.issues(REPO), [
    { title: TITLE, content: opened(1), comments: [] },
    { title: `${TITLE} (2)`, content: opened(2), comments: [{ text: continued(3) }] },
  ]);
  t.same([copies(double, 1), copies(double, 2), copies(double, 3)], [1, 1, 1]);
});

t.test("a post without an id that it names is not a confirmed one", async (t) => {
  const double = await start(t);
  const reports = open(double);
  const stop = double.onCall(({ created }) => {
    if (created?.kind === "issue") double.tracker.edit(REPO, created.issueId, TITLE, `censored ${dayPost(1).marker}`);
  });
  t.match(await failure(t, publish(reports, dayPost(1))), { name: "UpstreamError", code: "NOT_SEEN" });
  stop();
  await publish(reports, dayPost(1));
  t.match(double.tracker.issue(REPO, 1)?.comments, [{ text: continued(1) }]);
});

/** Publishes a post whose first post is under way for longer than we wait, and again; then the first one arrives. */
async function publishTwice(double: PagureDouble, path: RegExp, number: number): Promise<void> {
  const later = new AbortController();
  double.fail({ method: "POST", path, trouble: { kind: "late", when: once(later.signal, "abort") } });
  const published = await open(double).publish(dayPost(number), () => Promise.resolve());
  if (!("unsure" in published)) throw new Error("it arrived");
  await publish(open(double), dayPost(number));
  const arrived = new Promise((done) => double.onCall(done));
  later.abort();
  await arrived;
  if (copies(double, number) !== 2) throw new Error("it did not arrive late");
}

const NO_MORE = (): Promise<void> => Promise.resolve();

t.test("an issue that arrived late and twice is edited into a pointer to the first", async (t) => {
  const double = await start(t);
  await publishTwice(double, CREATE, 1);
  const reports = openAs(double, { project: REPO, acls: ["issue_create", "issue_comment", "issue_update"] });
  t.equal(await reports.mergeRepeats(dayPost(1), NO_MORE), 1);
  t.equal(await reports.mergeRepeats(dayPost(1), NO_MORE), 0, "and that may be repeated");
  t.equal(copies(double, 1), 1);
  t.match(double.tracker.issue(REPO, 2), {
    title: /repeated by mistake/,
    content: /issue\/1\)\. Each image counts once/,
  });
  await publish(reports, dayPost(2));
  t.match(double.tracker.issue(REPO, 1)?.comments, [{ text: continued(2) }], "the day goes on in the first");
});

t.test("what may not be edited is told to be a repeat, once", async (t) => {
  const double = await start(t);
  await publishTwice(double, CREATE, 1);
  await publishTwice(double, COMMENT, 2);
  for (const number of [1, 2, 1, 2]) t.equal(await open(double).mergeRepeats(dayPost(number), NO_MORE), 1);
  const [first, second] = double.tracker.issues(REPO);
  t.match(first?.comments, [{ text: continued(2) }, { text: continued(2) }, { text: /was posted twice by mistake/ }]);
  t.match(second?.comments, [{ text: /was posted twice by mistake.*issue\/1/ }]);
  t.equal(await open(double).mergeRepeats(dayPost(3), NO_MORE), 0, "what is not there has no repeat");
});
