import t from "tap";
import { NoticePages } from "../../src/operate/notices/pages.ts";
import type { CommentReader } from "../../src/operate/comments.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { pagureError } from "../../src/demo/outside/pagure/access.ts";
import { openObjecting, OPERATOR, type Objecting } from "../support/scenes/objecting.ts";
import { openPagureComments } from "../support/outside/adapters.ts";

const PROJECT = "ami-reports";

/** The reader of a process that was started anew, perhaps with another account or another project. */
function startedAnew(scene: Objecting, { token = "test-token", repo = PROJECT } = {}): Partial<CommentReader> {
  const { schedule, clock, log, periods } = scene.commentReader;
  const access = { url: scene.pagure.url, repo, token, userAgent: "test", timeoutMs: 60_000 };
  const { journal } = scene.reporter;
  return { comments: openPagureComments(access), notices: new NoticePages({ schedule, journal, clock, log, periods }) };
}

/** Whether the image that was told is held. */
async function isHeld(scene: Objecting): Promise<boolean> {
  return (await scene.field(scene.nightly.amiId, "stage")) === "held";
}

t.test(
  "an objection on a report that somebody closed is heard and answered, also one that was edited there",
  async (t) => {
    const scene = await openObjecting(t);
    const { tracker } = scene.pagure;
    tracker.setStatus(PROJECT, 1, "tidy", "Closed", "Fixed");
    const id = scene.comment("somebody", "what is this?");
    t.match(await scene.read(), { read: 1 });
    scene.clock.advance(DAY_MS);
    tracker.editComment(PROJECT, 1, id, `hold ${scene.nightly.amiId}`);
    t.same(await scene.read(), { read: 1, answered: 1 });
    t.ok(await isHeld(scene));
    t.equal(scene.answers().length, 1);
  },
);

t.test("an objection is heard months after the report", async (t) => {
  const scene = await openObjecting(t);
  scene.pagure.tracker.setStatus(PROJECT, 1, "tidy", "Closed", null);
  for (let month = 0; month < 3; month += 1) {
    scene.clock.advance(30 * DAY_MS);
    await scene.read();
  }
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  await scene.read();
  t.ok(await isHeld(scene));
});

t.test("an objection on a report that stands there twice by mistake is heard", async (t) => {
  const scene = await openObjecting(t);
  const { tracker } = scene.pagure;
  const title = `${tracker.issue(PROJECT, 1)?.title ?? ""} (repeated by mistake)`;
  tracker.open(PROJECT, { title, content: "see the first", author: "bot" });
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  await scene.read();
  t.ok(await isHeld(scene));
});

t.test("a report whose title and text somebody changed is read as long as a notice stands on it", async (t) => {
  const scene = await openObjecting(t);
  scene.pagure.tracker.edit(PROJECT, 1, "done", "nothing to see here");
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  await scene.read();
  t.ok(await isHeld(scene));
});

t.test(
  "reports of another account are read as long as a notice stands on them, and its posts object to nothing",
  async (t) => {
    const scene = await openObjecting(t);
    const { tracker } = scene.pagure;
    tracker.comment(
      PROJECT,
      1,
      "bot",
      `| us-east-1 | \`${scene.nightly.amiId}\` |\n\n<sub>\`clean-amis-part:0\`</sub>`,
    );
    scene.pagure.setToken("new-token", { user: "newbot", project: PROJECT });
    const anew = startedAnew(scene, { token: "new-token" });
    t.same(await scene.read(anew), { read: 0, answered: 0 });
    t.notOk(await isHeld(scene));
    for (const word of ["first", "second"]) {
      scene.clock.advance(HOUR_MS);
      tracker.comment(PROJECT, 1, "somebody", `hold ${scene.nightly.amiId} because of the ${word} test`);
      t.same(await scene.read(anew), { read: 1, answered: 1 });
    }
  },
);

t.test(
  "reports in the project of yesterday are read as long as a notice stands on them, if nobody can answer there",
  async (t) => {
    const scene = await openObjecting(t);
    scene.pagure.tracker.setProject("new/reports", {});
    scene.pagure.setToken("new-token", { user: "bot", project: "new/reports" });
    scene.comment("somebody", `hold ${scene.nightly.amiId}`);
    const anew = startedAnew(scene, { token: "new-token", repo: "New/Reports" });
    await scene.read(anew);
    t.ok(await isHeld(scene));
    t.ok(scene.logged.some((line) => line.startsWith("warn a comment is not answered")));
    t.same(await scene.read(anew), { read: 0, answered: 0 });
    t.same(await scene.commentReader.memory.lease().then(async (lease) => lease?.pending()), []);
  },
);

t.test("an objection on a report that was hidden from the public before anybody read it is heard", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  scene.pagure.tracker.setPrivate(PROJECT, 1, true);
  await scene.read(startedAnew(scene));
  t.ok(await isHeld(scene));
  t.equal(scene.answers().length, 1);
});

t.test("what stands under the number of a report that was removed is somebody else's", async (t) => {
  const scene = await openObjecting(t);
  const { tracker } = scene.pagure;
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  const refused = { kind: "answer", status: 400, body: pagureError("EDBERROR") } as const;
  const lift = scene.pagure.fail({ method: "POST", path: /comment$/, times: 9, trouble: refused });
  await t.rejects(scene.read(), { code: "EDBERROR" });
  lift();
  tracker.remove(PROJECT, 1);
  t.equal(tracker.open(PROJECT, { title: "mine", content: "my own", author: "stranger" }).id, 1);
  tracker.comment(PROJECT, 1, OPERATOR, "please delete this");
  scene.clock.advance(HOUR_MS);
  t.same(await scene.read(startedAnew(scene)), { read: 0, answered: 1 });
  t.equal(tracker.issue(PROJECT, 1)?.comments.length, 1, "nobody is answered there");
});

t.test("an objection that is edited while the tracker takes no answer is heard at once", async (t) => {
  const scene = await openObjecting(t);
  const { tracker } = scene.pagure;
  const id = scene.comment("somebody", "hold ami-0123");
  const refused = { kind: "answer", status: 400, body: pagureError("EDBERROR") } as const;
  scene.pagure.fail({ method: "POST", path: /comment$/, times: 9, trouble: refused });
  await t.rejects(scene.read(), { code: "EDBERROR" });
  tracker.editComment(PROJECT, 1, id, `hold ${scene.nightly.amiId}`);
  await t.rejects(scene.read(), { code: "EDBERROR" });
  t.ok(await isHeld(scene));
});

t.test(
  "the token's user may be a person, whose own words are heard; our posts, and those somebody edited, are not theirs",
  async (t) => {
    const scene = await openObjecting(t);
    const { tracker } = scene.pagure;
    const { amiId } = scene.nightly;
    const post = scene.comment("bot", `| us-east-1 | \`${amiId}\` |\n\n<!-- clean-amis-part:0 -->`);
    tracker.editComment(PROJECT, 1, post, `| us-east-1 | \`${amiId}\` |`, "tidy");
    t.same(await scene.read(), { read: 0, answered: 0 });
    scene.comment("bot", `hold ${amiId}`);
    t.same(await scene.read(), { read: 1, answered: 1 });
    t.ok(await isHeld(scene));
  },
);
