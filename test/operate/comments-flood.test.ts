import t from "tap";
import { pagureError } from "../../src/demo/outside/pagure/access.ts";
import { DAY_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { reportOnce } from "../../src/tell/report.ts";
import { openObjecting } from "../support/scenes/objecting.ts";
import { addNightly, UPLOADER } from "../support/world/world.ts";

t.setTimeout(600_000);

t.test(
  "35 comments of a megabyte under a report keep no objection from being read, before and after them",
  async (t) => {
    const scene = await openObjecting(t);
    const { amiId } = scene.nightly;
    for (let number = 0; number < 35; number += 1) scene.comment("somebody", `${number} ${"ä\n".repeat(400_000)}`);
    scene.comment("somebody else", `hold ${amiId}`);
    const { answered } = await scene.read();
    t.ok(answered >= 1);
    t.equal(await scene.field(amiId, "stage"), "held");
    t.notSame(await scene.commentReader.memory.reading(), null);
    scene.clock.advance(DAY_MS);
    t.same(await scene.read(), { read: 0, answered: 0 }, "each was read once");
  },
);

t.test("a report that cannot be read keeps no other from being read and answered; but not all was read", async (t) => {
  const scene = await openObjecting(t);
  const { pagure } = scene;
  pagure.tracker.open("ami-reports", { title: "another", content: "clean-amis-part:1", author: "bot" });
  pagure.tracker.comment("ami-reports", 1, "somebody", `hold ${scene.nightly.amiId}`);
  const lift = pagure.fail({
    method: "GET",
    path: /issue\/2$/,
    times: Infinity,
    trouble: { kind: "answer", status: 500, body: "no" },
  });
  await t.rejects(scene.read(), { name: "UpstreamError" });
  t.equal(await scene.field(scene.nightly.amiId, "stage"), "held");
  t.equal(scene.answers().length, 1);
  lift();
  t.same(await scene.read(), { read: 0, answered: 0 });
});

t.test("an answer that fails keeps no other back", async (t) => {
  const scene = await openObjecting(t);
  const { pagure } = scene;
  pagure.tracker.open("ami-reports", { title: "another", content: "clean-amis-part:1", author: "bot" });
  for (const issue of [1, 2]) pagure.tracker.comment("ami-reports", issue, "somebody", `hold ${scene.nightly.amiId}`);
  pagure.fail({
    method: "POST",
    path: /issue\/1\/comment$/,
    times: Infinity,
    trouble: { kind: "answer", status: 500, body: "no" },
  });
  await t.rejects(scene.read(), { name: "UpstreamError" });
  t.equal(scene.answers().length, 1);
});

t.test(
  "however many answers fail for good, the others are given in the end, and so are those when it is mended",
  async (t) => {
    const scene = await openObjecting(t);
    const { pagure } = scene;
    pagure.tracker.open("ami-reports", { title: "another", content: "clean-amis-part:1", author: "bot" });
    const say = (issue: number): unknown =>
      pagure.tracker.comment("ami-reports", issue, "somebody", `hold ${scene.nightly.amiId}`);
    for (let count = 0; count < 12; count += 1) say(1);
    say(2);
    const trouble = { kind: "answer", status: 500, body: pagureError("EDBERROR") } as const;
    const lift = pagure.fail({ method: "POST", path: /issue\/1\/comment$/, times: Infinity, trouble });
    for (let pass = 0; pass < 3; pass += 1) {
      await t.rejects(scene.read(), { name: "UpstreamError" });
      scene.clock.advance(2 * MINUTE_MS);
    }
    t.equal(scene.answers().length, 1, "the one under the report that takes answers");
    lift();
    await scene.read();
    t.equal(scene.answers().length, 13);
  },
);

t.test("what nobody can read of a comment in memory keeps no other comment from being answered", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  scene.comment("somebody else", `hold ${scene.nightly.amiId}`);
  const { redis, keys } = scene.connection;
  const memory = {
    threadId: "1",
    commentId: "1",
    author: "somebody",
    url: "x",
    digest: "0",
    orderIds: [],
    remarks: [],
  };
  for (const answers of ["garbage", [null], [{ happened: 1 }]]) {
    const pending = JSON.stringify({ ...memory, answers, isSilent: false, sentAt: null, lookAt: null });
    await redis.hset(keys.control("comments:pagure:pending"), "1/1", pending);
    await scene.read();
  }
  t.equal(scene.answers().length, 2);
});

t.test("a repeated report that is locked keeps no other report from being posted", async (t) => {
  const scene = await openObjecting(t);
  const { pagure, reporter, clock } = scene;
  const [post] = pagure.tracker.issues("ami-reports");
  const marker = /clean-amis-part:[0-9a-f]+/.exec(post?.content ?? "")?.[0] ?? "";
  pagure.tracker.open("ami-reports", { title: post?.title ?? "", content: post?.content ?? "", author: "bot" });
  const day = new Date(clock.now()).toISOString().slice(0, 10);
  const lease = await reporter.journal.reporterLease();
  await lease?.remember({ secondLooks: [{ day, title: post?.title ?? "", marker, at: clock.now() }] });
  await lease?.end();
  const locked = { kind: "answer", status: 403, body: pagureError("EISSUENOTALLOWED") } as const;
  pagure.fail({ method: "POST", path: /issue\/2/, times: Infinity, trouble: locked });
  await scene.hear(UPLOADER, addNightly(scene, 2).message);
  clock.advance(5 * DAY_MS);
  await scene.tick();
  t.same(await reportOnce(reporter), { posted: 1, noticed: 1 });
  clock.advance(10 * DAY_MS + MINUTE_MS);
  await reportOnce(reporter);
  const after = await reporter.journal.reporterLease();
  t.same((await after?.memory())?.secondLooks, [], "after a week nobody looks any more");
  await after?.end();
});
