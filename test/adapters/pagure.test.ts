import t from "tap";
import { htmlPage } from "../../src/demo/pagure/faults.ts";
import type { Trouble } from "../../src/demo/pagure/faults.ts";
import { UpstreamError } from "../../src/errors.ts";
import { copies, failure, open, part, REPO, start, TITLE } from "../support/pagure.ts";

const CREATE = /\/new_issue$/;
const COMMENT = /\/comment$/;

t.test("a day has one issue, and its further parts are comments in their order", async (t) => {
  const double = await start(t);
  const reports = open(double);
  const first = await reports.publish(part(1));
  const second = await reports.publish(part(2));
  const issues = double.tracker.issues(REPO);
  t.match(issues, [{ title: TITLE, content: part(1).text, author: "bot", tags: ["amis"] }]);
  t.same(
    issues[0]?.comments.map(({ text }) => text),
    [part(2).text],
  );
  t.same([first.url, second.url], [`${double.url}/${REPO}/issue/1`, `${double.url}/${REPO}/issue/1`]);
});

t.test("publishing a part again posts nothing", async (t) => {
  const double = await start(t);
  for (const number of [1, 2, 2, 1]) await open(double).publish(part(number));
  t.same([copies(double, 1), copies(double, 2)], [1, 1]);
  t.equal(double.journal.filter(({ created }) => created !== null).length, 2);
});

t.test("a part is posted once, whichever answer was lost and whether or not Pagure had acted on it", async (t) => {
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
          const published = await open(double)
            .publish(part(number))
            .catch((error: unknown) => error);
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
    const error = await failure(t, open(double, { timeoutMs: 1_000 }).publish(part(number)));
    t.match(error, { name: "UpstreamError", code: "TIMEOUT", message: /within 1000 ms; it is tried again later$/ });
    await open(double).publish(part(number));
    t.equal(copies(double, number), 1);
  }
  t.equal(double.tracker.issues(REPO).length, 1);
});

t.test("the day's issue is found on the third page, closed or not, and of several the oldest is used", async (t) => {
  const double = await start(t);
  const draft = { content: "x", author: "bot" };
  double.tracker.open(REPO, { ...draft, title: TITLE });
  double.tracker.setStatus(REPO, 1, "ann", "Closed", null);
  for (let number = 2; number <= 50; number += 1) double.tracker.open(REPO, { ...draft, title: `other ${number}` });
  double.tracker.open(REPO, { ...draft, title: TITLE });
  await open(double).publish(part(1));
  t.match(double.tracker.issue(REPO, 1)?.comments.at(-1), { author: "bot", text: part(1).text });
  t.equal(double.journal.filter(({ path }) => path.endsWith("/issues")).length, 3);
  t.equal(copies(double, 1), 1);
});

t.test("an issue of the same title by somebody else is not ours", async (t) => {
  const double = await start(t);
  double.tracker.open(REPO, { title: TITLE, content: part(1).text, author: "mallory" });
  await open(double).publish(part(1));
  t.match(double.tracker.issues(REPO), [
    { author: "mallory", comments: [] },
    { author: "bot", content: part(1).text },
  ]);
});

t.test("somebody else's comment with our marker does not pass for our post", async (t) => {
  const double = await start(t);
  await open(double).publish(part(1));
  double.tracker.comment(REPO, 1, "mallory", part(2).text);
  await open(double).publish(part(2));
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
  const error = await failure(t, reports.publish(part(1)));
  t.match(error, { name: "UpstreamError", code: "NOT_SEEN" });
  stop();
  await reports.publish(part(1));
  t.equal(copies(double, 1), 1, "the next try posts it again");
});
