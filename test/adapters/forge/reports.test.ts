import { once } from "node:events";
import t, { type Test } from "tap";
import { htmlPage } from "../../../src/demo/outside/faults.ts";
import type { Trouble } from "../../../src/demo/outside/faults.ts";
import { UpstreamError } from "../../../src/errors.ts";
import {
  continued,
  copies,
  dayPost,
  failure,
  FORGEJO,
  FORGES,
  opened,
  PAGURE,
  publish,
  REPO,
  TITLE,
  type ForgeKind,
  type ForgeScene,
} from "../../support/outside/forge.ts";

for (const forge of FORGES) {
  const test = (name: string, run: (t: Test) => Promise<void>): void => void t.test(`${forge.name}: ${name}`, run);

  test("a day has one issue, and its further posts are comments in their order", async (t) => {
    const { double, open } = await forge.start(t);
    const reports = open();
    const first = await publish(reports, dayPost(1));
    const second = await publish(reports, dayPost(2));
    const issues = double.tracker.issues(REPO);
    t.match(issues, [{ title: TITLE, content: opened(1), author: "bot", tags: ["amis"] }]);
    t.same(
      issues[0]?.comments.map(({ text }) => text),
      [continued(2)],
    );
    const page = double.url + forge.page(REPO, 1);
    t.same([first.url, second.url], [page, page]);
    const shown = await (await fetch(page)).text();
    t.match(shown, `<h1>${TITLE}</h1>`, "whoever demonstrates it can be shown the page");
    t.equal(shown.match(/<article[^>]*><header><b>bot<\/b> <time /g)?.length, 2, "who wrote each, and when");
    const [comment] = issues[0]?.comments ?? [];
    t.match(shown, `<article id="${forge.page("", 1, comment?.id ?? 0).split("#")[1] ?? ""}">`);
  });

  test("publishing a post again posts nothing", async (t) => {
    const { double, open } = await forge.start(t);
    for (const number of [1, 2, 2, 1]) await publish(open(), dayPost(number));
    t.same([copies(double, 1), copies(double, 2)], [1, 1]);
    t.equal(double.journal.filter(({ created }) => created !== null).length, 2);
  });

  test("a post is posted once, whichever answer was lost and whether or not the forge had acted on it", async (t) => {
    for (const [name, lost] of Object.entries(forge.calls)) {
      for (const trouble of [
        { kind: "cut", takesEffect: true },
        { kind: "cut", takesEffect: false },
        { kind: "truncate", bytes: 1 },
        { kind: "answer", status: 502, body: htmlPage("Bad Gateway") },
      ] satisfies Trouble[]) {
        const { double, open } = await forge.start(t);
        double.fail({ ...lost, trouble });
        let tries = 0;
        for (const number of [1, 2]) {
          for (let isDone = false; !isDone && tries < 9; tries += 1) {
            const published = await publish(open(), dayPost(number)).catch((error: unknown) => error);
            isDone = !(published instanceof UpstreamError);
          }
        }
        t.same([tries, copies(double, 1), copies(double, 2)], [3, 1, 1], `${name} ${JSON.stringify(trouble)}`);
        t.equal(double.tracker.issues(REPO).length, 1);
      }
    }
  });

  test("a withheld answer ends in a time-out, and the retry leaves one copy", async (t) => {
    const { double, open } = await forge.start(t);
    for (const [number, call] of [
      [1, forge.calls.create],
      [2, forge.calls.comment],
    ] as const) {
      double.fail({ ...call, trouble: { kind: "withhold", takesEffect: true } });
      const error = await failure(t, publish(open({ timeoutMs: 3_000 }), dayPost(number)));
      t.match(error, { name: "UpstreamError", code: "TIMEOUT", message: /within 3000 ms; it is tried again later$/ });
      await publish(open(), dayPost(number));
      t.equal(copies(double, number), 1);
    }
    t.equal(double.tracker.issues(REPO).length, 1);
  });

  test("the day's issue is found on the third page, and of several the oldest that is open is used", async (t) => {
    const { double, open } = await forge.start(t);
    const draft = { content: "x", author: "bot" };
    for (let number = 1; number <= 2; number += 1) double.tracker.open(REPO, { ...draft, title: TITLE });
    double.tracker.setStatus(REPO, 1, "ann", "Closed", null);
    for (let number = 3; number <= 50; number += 1) double.tracker.open(REPO, { ...draft, title: `other ${number}` });
    double.tracker.open(REPO, { ...draft, title: TITLE });
    await publish(open(), dayPost(1));
    t.match(double.tracker.issue(REPO, 2)?.comments.at(-1), { author: "bot", text: continued(1) });
    t.equal(double.journal.filter(({ method, path }) => method === "GET" && path.endsWith("/issues")).length, 3);
    t.equal(copies(double, 1), 1);
  });

  test("an issue of the same title by somebody else is not ours", async (t) => {
    const { double, open } = await forge.start(t);
    double.tracker.open(REPO, { title: TITLE, content: dayPost(1).text, author: "mallory" });
    await publish(open(), dayPost(1));
    t.match(double.tracker.issues(REPO), [
      { author: "mallory", comments: [] },
      { author: "bot", content: opened(1) },
    ]);
  });

  test("somebody else's comment with our marker does not pass for our post", async (t) => {
    const { double, open } = await forge.start(t);
    await publish(open(), dayPost(1));
    double.tracker.comment(REPO, 1, "mallory", dayPost(2).text);
    await publish(open(), dayPost(2));
    t.same(
      double.tracker.issue(REPO, 1)?.comments.map(({ author }) => author),
      ["mallory", "bot"],
    );
  });

  test("a post that the public cannot see is not confirmed", async (t) => {
    const { double, open } = await forge.start(t);
    const reports = open();
    const stop = double.onCall(({ created }) => {
      if (created?.kind === "issue") double.tracker.edit(REPO, created.issueId, TITLE, "emptied by a moderator");
    });
    const error = await failure(t, publish(reports, dayPost(1)));
    t.match(error, { name: "UpstreamError", code: "NOT_SEEN" });
    stop();
    await publish(reports, dayPost(1));
    t.equal(copies(double, 1), 1, "the next try posts it again");
  });

  test("a day whose issue somebody closed goes on in another one, where people look; one that is gone is opened anew", async (t) => {
    const { double, open } = await forge.start(t);
    await publish(open(), dayPost(1));
    double.tracker.setStatus(REPO, 1, "ann", "Closed", "Fixed");
    await publish(open(), dayPost(2));
    t.match(double.tracker.issue(REPO, 2), { title: `${TITLE} (2)`, content: opened(2) });
    await publish(open(), dayPost(1));
    t.equal(copies(double, 1), 1, "what stands in the closed one is not told again");
    double.tracker.setStatus(REPO, 1, "ann", "Open", null);
    double.tracker.setStatus(REPO, 2, "ann", "Closed", null);
    await publish(open(), dayPost(3));
    t.match(double.tracker.issue(REPO, 1)?.comments.at(-1), { text: continued(3) }, "one that is open again");
    double.tracker.remove(REPO, 2);
    double.tracker.remove(REPO, 1);
    await publish(open(), dayPost(4));
    t.match(double.tracker.issues(REPO), [{ title: TITLE, content: opened(4), comments: [] }]);
  });

  test("somebody who closes each issue at once gets no more than nine of a day", async (t) => {
    const { double, open } = await forge.start(t);
    for (let number = 1; number <= 12; number += 1) {
      await publish(open(), dayPost(number));
      for (const { id } of double.tracker.issues(REPO)) double.tracker.setStatus(REPO, id, "robot", "Closed", null);
    }
    t.equal(double.tracker.issues(REPO).length, 9);
    for (let number = 1; number <= 12; number += 1) t.equal(copies(double, number), 1);
  });

  test("when the day's issue takes no comment, the day goes on in a second one", async (t) => {
    const { double, open } = await forge.start(t);
    await publish(open(), dayPost(1));
    double.fail({ ...forge.calls.comment, path: /\/1\/comments?$/, times: Infinity, trouble: forge.closed });
    for (const number of [2, 3, 2, 1]) await publish(open(), dayPost(number));
    t.match(double.tracker.issues(REPO), [
      { title: TITLE, content: opened(1), comments: [] },
      { title: `${TITLE} (2)`, content: opened(2), comments: [{ text: continued(3) }] },
    ]);
    t.same([copies(double, 1), copies(double, 2), copies(double, 3)], [1, 1, 1]);
  });

  test("a post without an id that it names is not a confirmed one", async (t) => {
    const { double, open } = await forge.start(t);
    const reports = open();
    const stop = double.onCall(({ created }) => {
      if (created?.kind === "issue") double.tracker.edit(REPO, created.issueId, TITLE, `censored ${dayPost(1).marker}`);
    });
    t.match(await failure(t, publish(reports, dayPost(1))), { name: "UpstreamError", code: "NOT_SEEN" });
    stop();
    await publish(reports, dayPost(1));
    t.match(double.tracker.issue(REPO, 1)?.comments, [{ text: continued(1) }]);
  });
}

/** Publishes a post whose first post is under way for longer than we wait, and again; then the first one arrives. */
async function publishTwice(
  { double, open }: ForgeScene,
  call: ForgeKind["calls"][keyof ForgeKind["calls"]],
  number: number,
): Promise<void> {
  const later = new AbortController();
  double.fail({ ...call, trouble: { kind: "late", when: once(later.signal, "abort") } });
  const published = await open().publish(dayPost(number), () => Promise.resolve());
  if (!("unsure" in published)) throw new Error("it arrived");
  await publish(open(), dayPost(number));
  const arrived = new Promise((done) => double.onCall(done));
  later.abort();
  await arrived;
  if (copies(double, number) !== 2) throw new Error("it did not arrive late");
}

const NO_MORE = (): Promise<void> => Promise.resolve();

for (const forge of FORGES)
  t.test(`${forge.name}: an issue that arrived late and twice is edited into a pointer to the first`, async (t) => {
    const scene = await forge.start(t);
    const { double } = scene;
    await publishTwice(scene, forge.calls.create, 1);
    scene.letEdit();
    const reports = scene.open();
    t.equal(await reports.mergeRepeats(dayPost(1), NO_MORE), 1);
    t.equal(await reports.mergeRepeats(dayPost(1), NO_MORE), 0, "and that may be repeated");
    t.equal(copies(double, 1), 1);
    const [, second] = double.tracker.issues(REPO);
    t.match(second?.title, /repeated by mistake/);
    t.match(second?.content, `${forge.page(REPO, 1)}). Each image counts once`);
    await publish(reports, dayPost(2));
    t.match(double.tracker.issue(REPO, 1)?.comments, [{ text: continued(2) }], "the day goes on in the first");
  });

t.test("pagure: what may not be edited is told to be a repeat, once", async (t) => {
  const scene = await PAGURE.start(t);
  const { double, open } = scene;
  await publishTwice(scene, PAGURE.calls.create, 1);
  await publishTwice(scene, PAGURE.calls.comment, 2);
  for (const number of [1, 2, 1, 2]) t.equal(await open().mergeRepeats(dayPost(number), NO_MORE), 1);
  const [first, second] = double.tracker.issues(REPO);
  t.match(first?.comments, [{ text: continued(2) }, { text: continued(2) }, { text: /was posted twice by mistake/ }]);
  t.match(second?.comments, [{ text: /was posted twice by mistake.*issue\/1/ }]);
  t.equal(await open().mergeRepeats(dayPost(3), NO_MORE), 0, "what is not there has no repeat");
});

t.test("forgejo: a comment that arrived late and twice is edited into a pointer to the first", async (t) => {
  const scene = await FORGEJO.start(t);
  const { double, open } = scene;
  await publish(open(), dayPost(1));
  await publishTwice(scene, FORGEJO.calls.comment, 2);
  t.equal(await open().mergeRepeats(dayPost(2), NO_MORE), 1);
  const [first, second, ...more] = double.tracker.issue(REPO, 1)?.comments ?? [];
  t.equal(first?.text, continued(2));
  t.match(second?.text, `${FORGEJO.page(REPO, 1, first?.id)}). Each image counts once`);
  t.same(more, []);
  t.equal(await open().mergeRepeats(dayPost(2), NO_MORE), 0, "and that may be repeated");
});
