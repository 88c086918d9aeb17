import t, { type Test } from "tap";
import { openPagureComments } from "../../../src/adapters/pagure/comments.ts";
import { pagureError } from "../../../src/demo/outside/pagure/access.ts";
import type { PagureDouble } from "../../../src/demo/outside/pagure/double.ts";
import type { Comments, Thread } from "../../../src/ports/index.ts";
import { failure, REPO, start, TOKEN } from "../../support/outside/pagure.ts";

const FORM = "clean-amis: {day}";
const MARKER = "clean-amis-answer:1";
const ANSWER = { marker: MARKER, text: `Held.\n\n${MARKER}` };
const yes = (): Promise<void> => Promise.resolve();

function open(double: PagureDouble, title = FORM): Comments {
  double.setToken(TOKEN, { user: "bot", project: REPO });
  const access = { url: double.url, repo: REPO, token: TOKEN, userAgent: "clean-amis/test", timeoutMs: 60_000 };
  return openPagureComments({ ...access, title });
}

async function openWith(t: Test, titles: readonly string[]): Promise<PagureDouble> {
  const double = await start(t);
  for (const title of titles) double.tracker.open(REPO, { title, content: "text", author: "bot" });
  return double;
}

async function threads(
  objections: Comments,
  sinceDay: string | null = null,
  ids: string[] = [],
  pages: string[] = [],
): Promise<Thread[]> {
  const found: Thread[] = [];
  for await (const thread of objections.threads(sinceDay, ids, pages)) found.push(thread);
  return found;
}

t.test("comments of others on our reports are read, on more pages than one, and of nothing else", async (t) => {
  const days = Array.from({ length: 25 }, (_, index) => `clean-amis: 2026-10-${String(index + 1).padStart(2, "0")}`);
  const double = await openWith(t, [...days, "clean-amis: 2026-10-25 (2)", "clean-amis: soon", "a list of things"]);
  double.tracker.setStatus(REPO, 2, "somebody", "Closed", null);
  double.tracker.comment(REPO, 1, "somebody", "hold");
  double.tracker.comment(REPO, 1, "bot", "clean-amis-part:0");
  const read = await threads(open(double));
  const ids = read.map(({ id }) => Number(id)).sort((a, b) => a - b);
  t.same(
    ids,
    Array.from({ length: 26 }, (_, index) => index + 1),
  );
  const url = `${double.url}/${REPO}/issue/1#comment-2`;
  const writtenAt = double.tracker.issue(REPO, 1)?.comments[0]?.createdAt;
  const said = { id: "2", author: "somebody", editors: [], text: "hold", writtenAt, url };
  t.same(read.find(({ id }) => id === "1")?.comments, [said]);
});

t.test("a report under an older title is known by its posts", async (t) => {
  const double = await openWith(t, ["Old title"]);
  double.tracker.edit(REPO, 1, "Old title", "…\n<sub>`clean-amis-part:0123`</sub>");
  t.equal((await threads(open(double))).length, 1);
});

t.test(
  "what did not change since a day is not read again, unless it is asked for; what is gone is left out",
  async (t) => {
    const double = await openWith(t, ["clean-amis: 2026-11-24", "clean-amis: 2026-11-23"]);
    const objections = open(double);
    t.same(await threads(objections, "2026-11-25"), []);
    t.equal((await threads(objections, "2026-11-24")).length, 2);
    t.same(
      (await threads(objections, "2026-11-25", ["2", "77"])).map(({ id }) => id),
      ["2"],
    );
  },
);

t.test("a page is read where a notice says that it stands, whatever Pagure was called then, and once", async (t) => {
  const double = await openWith(t, ["something else", "clean-amis: 2026-11-24"]);
  const objections = open(double);
  const pages = ["http://old.example/Releng/AMI-reports/issue/1", `${double.url}/${REPO}/issue/1`, "log:", "ftp://x/y"];
  const read = async (): Promise<string[]> => (await threads(objections, "2026-11-25", [], pages)).map(({ id }) => id);
  t.same(await read(), ["1"]);
  t.same(await read(), [], "from then on the list says when it changes");
  double.tracker.remove(REPO, 1);
  t.same(await threads(open(double), "2026-11-25", [], pages), []);
});

t.test("a token that is refused keeps nobody's objection from being read", async (t) => {
  const double = await openWith(t, ["clean-amis: 2026-11-24"]);
  const objections = open(double);
  t.equal((await threads(objections)).length, 1);
  double.setToken(TOKEN, { user: "bot", project: REPO, expiresAt: 0 });
  t.equal((await threads(objections)).length, 1);
});

t.test("an answer that stands there twice is said to be one, once", async (t) => {
  const double = await openWith(t, ["clean-amis: 2026-11-24"]);
  const objections = open(double);
  t.equal(await objections.mergeRepeats("1", MARKER, yes), 0);
  for (let time = 0; time < 2; time += 1) double.tracker.comment(REPO, 1, "bot", ANSWER.text);
  for (let time = 0; time < 2; time += 1) t.equal(await objections.mergeRepeats("1", MARKER, yes), 1);
  const [, , pointer, ...more] = double.tracker.issue(REPO, 1)?.comments ?? [];
  t.match(pointer?.text, /posted twice by mistake.*\[the first\]\(http\S+issue\/1#comment-1\)/);
  t.same(more, []);
  t.equal(await objections.mergeRepeats("77", MARKER, yes), 0);
});

t.test("an answer is visible once, however often it is given; when we say no before, it is not", async (t) => {
  const double = await openWith(t, ["clean-amis: 2026-11-24"]);
  const objections = open(double);
  const no = new Error("the lease is lost");
  await t.rejects(
    objections.answer("1", ANSWER, () => Promise.reject(no)),
    no,
  );
  for (let time = 0; time < 3; time += 1) t.equal(await objections.answer("1", ANSWER, yes), "answered");
  t.same(
    double.tracker.issue(REPO, 1)?.comments.map(({ text }) => text),
    [ANSWER.text],
  );
});

t.test("somebody else who writes our marker keeps no answer back", async (t) => {
  const double = await openWith(t, ["clean-amis: 2026-11-24"]);
  double.tracker.comment(REPO, 1, "somebody", MARKER);
  t.equal(await open(double).answer("1", ANSWER, yes), "answered");
  t.equal(double.tracker.issue(REPO, 1)?.comments.length, 2);
});

t.test(
  "a lost answer is unsure; a refusal that passes leaves nothing; a removed or locked report is closed",
  async (t) => {
    const double = await openWith(t, ["clean-amis: 2026-11-24"]);
    const objections = open(double);
    const at = { method: "POST", path: /comment$/ } as const;
    double.fail({ ...at, trouble: { kind: "cut", takesEffect: true } });
    t.match(await objections.answer("1", ANSWER, yes), { unsure: { name: "UpstreamError" } });
    t.equal(await objections.answer("1", ANSWER, yes), "answered");
    const other = { marker: "clean-amis-answer:2", text: "clean-amis-answer:2" };
    double.fail({ ...at, trouble: { kind: "answer", status: 400, body: pagureError("EDBERROR") } });
    await failure(t, objections.answer("1", other, yes));
    double.fail({ ...at, trouble: { kind: "answer", status: 403, body: pagureError("EISSUENOTALLOWED") } });
    t.equal(await objections.answer("1", other, yes), "closed");
    t.equal(await objections.answer("77", other, yes), "closed");
    t.equal(double.tracker.issue(REPO, 1)?.comments.length, 1);
  },
);

t.test("an expired token is told with its remedy, and stands in no error", async (t) => {
  const double = await openWith(t, ["clean-amis: 2026-11-24"]);
  const objections = open(double);
  double.setToken(TOKEN, { user: "bot", project: REPO, expiresAt: 0 });
  const error = await failure(t, threads(objections));
  t.match(error.message, /Expired token.*create a new API token/);
});
