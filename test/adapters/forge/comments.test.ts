import t, { type Test } from "tap";
import type { Comments, Thread } from "../../../src/ports/index.ts";
import { failure, FORGES, REPO, type ForgeScene } from "../../support/outside/forge.ts";

const FORM = "clean-amis: {day}";
const MARKER = "clean-amis-answer:1";
const ANSWER = { marker: MARKER, text: `Held.\n\n${MARKER}` };
const yes = (): Promise<void> => Promise.resolve();

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

for (const forge of FORGES) {
  const test = (name: string, run: (t: Test) => Promise<void>): void => void t.test(`${forge.name}: ${name}`, run);
  const openWith = async (
    t: Test,
    titles: readonly string[],
  ): Promise<Pick<ForgeScene, "double"> & { readonly scene: ForgeScene; readonly open: () => Comments }> => {
    const scene = await forge.start(t);
    for (const title of titles) scene.double.tracker.open(REPO, { title, content: "text", author: "bot" });
    return { double: scene.double, scene, open: () => scene.comments(FORM) };
  };

  test("comments of others on our reports are read, on more pages than one, and of nothing else", async (t) => {
    const days = Array.from({ length: 25 }, (_, index) => `clean-amis: 2026-10-${String(index + 1).padStart(2, "0")}`);
    const { double, open } = await openWith(t, [
      ...days,
      "clean-amis: 2026-10-25 (2)",
      "clean-amis: soon",
      "a list of things",
    ]);
    double.tracker.setStatus(REPO, 2, "somebody", "Closed", null);
    double.tracker.comment(REPO, 1, "somebody", "hold");
    double.tracker.comment(REPO, 1, "bot", "clean-amis-part:0");
    const read = await threads(open());
    const ids = read.map(({ id }) => Number(id)).sort((a, b) => a - b);
    t.same(
      ids,
      Array.from({ length: 26 }, (_, index) => index + 1),
    );
    const url = double.url + forge.page(REPO, 1, 2);
    const writtenAt = double.tracker.issue(REPO, 1)?.comments[0]?.createdAt;
    const said = { id: "2", author: "somebody", editors: [], text: "hold", writtenAt, url };
    t.same(read.find(({ id }) => id === "1")?.comments, [said]);
  });

  test("a report under an older title is known by its posts", async (t) => {
    const { double, open } = await openWith(t, ["Old title"]);
    double.tracker.edit(REPO, 1, "Old title", "…\n<sub>`clean-amis-part:0123`</sub>");
    t.equal((await threads(open())).length, 1);
  });

  test("what did not change since a day is not read again, unless it is asked for; what is gone is left out", async (t) => {
    const { open } = await openWith(t, ["clean-amis: 2026-11-24", "clean-amis: 2026-11-23"]);
    const objections = open();
    t.same(await threads(objections, "2026-11-25"), []);
    t.equal((await threads(objections, "2026-11-24")).length, 2);
    t.same(
      (await threads(objections, "2026-11-25", ["2", "77"])).map(({ id }) => id),
      ["2"],
    );
  });

  test("a page is read where a notice says that it stands, whatever the forge was called then, and once", async (t) => {
    const { double, open } = await openWith(t, ["something else", "clean-amis: 2026-11-24"]);
    const objections = open();
    const pages = [
      `http://old.example${forge.page("Releng/AMI-reports", 1)}`,
      double.url + forge.page(REPO, 1),
      "log:",
      "ftp://x/y",
    ];
    const read = async (): Promise<string[]> =>
      (await threads(objections, "2026-11-25", [], pages)).map(({ id }) => id);
    t.same(await read(), ["1"]);
    t.same(await read(), [], "from then on the list says when it changes");
    double.tracker.remove(REPO, 1);
    t.same(await threads(open(), "2026-11-25", [], pages), []);
  });

  test("a token that is refused keeps nobody's objection from being read", async (t) => {
    const { open, scene } = await openWith(t, ["clean-amis: 2026-11-24"]);
    const objections = open();
    t.equal((await threads(objections)).length, 1);
    scene.expire();
    t.equal((await threads(objections)).length, 1);
  });

  test("an answer that stands there twice is said to be one, once", async (t) => {
    const { double, open } = await openWith(t, ["clean-amis: 2026-11-24"]);
    const objections = open();
    t.equal(await objections.mergeRepeats("1", MARKER, yes), 0);
    for (let time = 0; time < 2; time += 1) double.tracker.comment(REPO, 1, "bot", ANSWER.text);
    const after = forge.editsComments ? 0 : 1;
    for (const repeats of [1, after]) t.equal(await objections.mergeRepeats("1", MARKER, yes), repeats);
    const comments = double.tracker.issue(REPO, 1)?.comments ?? [];
    t.equal(comments.length, forge.editsComments ? 2 : 3);
    t.match(comments.at(-1)?.text, /posted twice by mistake/);
    t.match(comments.at(-1)?.text, `[the first](${double.url}${forge.page(REPO, 1, comments[0]?.id)})`);
    t.equal(await objections.mergeRepeats("77", MARKER, yes), 0);
  });

  test("an answer is visible once, however often it is given; when we say no before, it is not", async (t) => {
    const { double, open } = await openWith(t, ["clean-amis: 2026-11-24"]);
    const objections = open();
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

  test("somebody else who writes our marker keeps no answer back", async (t) => {
    const { double, open } = await openWith(t, ["clean-amis: 2026-11-24"]);
    double.tracker.comment(REPO, 1, "somebody", MARKER);
    t.equal(await open().answer("1", ANSWER, yes), "answered");
    t.equal(double.tracker.issue(REPO, 1)?.comments.length, 2);
  });

  test("a lost answer is unsure; a refusal that passes leaves nothing; a removed or locked report is closed", async (t) => {
    const { double, open } = await openWith(t, ["clean-amis: 2026-11-24"]);
    const objections = open();
    const at = forge.calls.comment;
    double.fail({ ...at, trouble: { kind: "cut", takesEffect: true } });
    t.match(await objections.answer("1", ANSWER, yes), { unsure: { name: "UpstreamError" } });
    t.equal(await objections.answer("1", ANSWER, yes), "answered");
    const other = { marker: "clean-amis-answer:2", text: "clean-amis-answer:2" };
    double.fail({ ...at, trouble: forge.passing });
    await failure(t, objections.answer("1", other, yes));
    double.fail({ ...at, trouble: forge.closed });
    t.equal(await objections.answer("1", other, yes), "closed");
    t.equal(await objections.answer("77", other, yes), "closed");
    t.equal(double.tracker.issue(REPO, 1)?.comments.length, 1);
  });

  test("an expired token is told with its remedy, and stands in no error", async (t) => {
    const { open, scene } = await openWith(t, ["clean-amis: 2026-11-24"]);
    const objections = open();
    scene.expire();
    const error = await failure(t, threads(objections));
    t.match(error.message, /401 .*create a new (?:API )?token/);
  });
}
