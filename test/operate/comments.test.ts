import t from "tap";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { carryOutOrders } from "../../src/operate/orders.ts";
import { commentStoppages } from "../../src/tell/stops.ts";
import { openObjecting, OPERATOR, type Objecting } from "../support/scenes/objecting.ts";
import { addNightly, REGION, UPLOADER } from "../support/world/world.ts";

const UNKNOWN = "ami-0123456789abcdef0";

/** Passes and days until everything that is due was deleted. */
async function untilDeleted(scene: Objecting): Promise<void> {
  for (let day = 0; day < 16; day += 1) {
    scene.clock.advance(DAY_MS);
    await scene.read();
    await scene.tick();
    await scene.report();
  }
}

t.test(
  "whoever objects has the image held until an operator releases it, and is answered once in the thread",
  async (t) => {
    const scene = await openObjecting(t);
    const { amiId } = scene.nightly;
    scene.comment("somebody", `Hi,\n\nplease hold ${amiId} until 2026-12-01 because our tests start from it`);
    t.same(await scene.read(), { read: 1, answered: 1 });
    t.same(await scene.read(), { read: 0, answered: 0 });
    const [answer = "", ...more] = scene.answers();
    t.same(more, []);
    t.match(answer, /^Answer to \[the comment\]\(http:\S+#comment-\d+\) by `somebody`:$/m);
    t.match(answer, `* 1 image: held; it stays as it is until somebody releases it.\n    * us-east-1: \`${amiId}\`\n`);
    t.match(answer, /Your hold has no end: only the people who run this service end it\./);
    t.equal(await scene.field(amiId, "hold_by"), "somebody in a comment");
    t.match(await scene.field(amiId, "hold_why"), /^our tests start from it \(http/);
    await untilDeleted(scene);
    t.equal(scene.simulator.image(REGION, amiId)?.state, "available");
    t.equal(scene.simulator.image(REGION, amiId)?.tags["clean-amis:hold"], "no-end by somebody in a comment");
  },
);

t.test("without an objection the same image is deleted", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", "thanks for the report");
  await untilDeleted(scene);
  t.not(scene.simulator.image(REGION, scene.nightly.amiId)?.state, "available");
  t.same(scene.answers(), [], "what asks for nothing is not answered");
});

t.test("an operator's orders are carried out: a hold with its end, a restore", async (t) => {
  const scene = await openObjecting(t);
  const { amiId } = scene.nightly;
  scene.comment(OPERATOR, `hold ${amiId} until 2026-12-24`);
  await scene.read();
  t.equal(await scene.field(amiId, "hold_until"), "2026-12-25T00:00:00Z");
  t.match(scene.answers()[0], /held; it stays as it is until the end of 2026-12-24 \(UTC\)/);
  scene.comment(OPERATOR, `restore ${amiId} because a user asked`);
  await scene.read();
  t.match(
    scene.answers()[1],
    /being given back to the public; then held: it stays as it is until somebody releases it/,
  );
  for (let pass = 0; pass < 3; pass += 1) {
    scene.clock.advance(HOUR_MS);
    await scene.tick();
  }
  t.equal(scene.simulator.image(REGION, amiId)?.permission.isPublic, true);
});

t.test("a restore by anybody else becomes a hold, and the answer says who can do more", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", `restore ${scene.nightly.amiId}`);
  await scene.read();
  t.equal(await scene.field(scene.nightly.amiId, "stage"), "held");
  t.match(scene.answers()[0], /Only the people who run this service can have an image given back to the public/);
});

t.test("nothing in a comment releases, deletes, hastens or retries, an operator's neither", async (t) => {
  const scene = await openObjecting(t);
  const { amiId, composeId } = scene.nightly;
  const before = await scene.connection.redis.hgetall(scene.connection.keys.image(REGION, amiId));
  for (const author of [OPERATOR, "somebody"])
    for (const verb of ["release", "delete", "remove", "hasten", "retry", "purge"]) {
      scene.comment(author, `${verb} ${amiId}`);
      scene.comment(author, `please ${verb} ${composeId} because I say so`);
    }
  await scene.read();
  t.same(await scene.connection.redis.hgetall(scene.connection.keys.image(REGION, amiId)), before);
  t.equal(scene.answers().length, 24);
  for (const answer of scene.answers())
    t.match(answer, /use the command line for the rest, such as `clean-amis release/);
});

t.test("what is not clear is asked back, and holds what it names", async (t) => {
  const scene = await openObjecting(t);
  const { amiId } = scene.nightly;
  scene.comment("somebody", `WTF, ${amiId} is our BASE IMAGE and ami-123 too!!`);
  await scene.read();
  t.equal(await scene.field(amiId, "stage"), "held");
  const [answer = ""] = scene.answers();
  t.match(answer, /What would you like to be done with the images that you name\?/);
  t.match(answer, /Is this written as it should be: `ami-123`\?/);
  t.match(answer, /To be on the safe side, what you named is held/);
});

t.test(
  "an AMI that nobody knows is said to be unknown; a compose that nobody knows is held for images to come",
  async (t) => {
    const scene = await openObjecting(t);
    const later = addNightly(scene, 2);
    scene.comment("somebody", `hold ${UNKNOWN} and ${later.composeId}`);
    await scene.read();
    const [answer = ""] = scene.answers();
    t.match(answer, `Not known here: \`${UNKNOWN}\`.`);
    t.match(answer, `No image of \`${later.composeId}\` is known here so far.`);
    t.match(answer, /is held; its images to come are held, too/);
    await scene.hear(UPLOADER, later.message);
    t.equal(await scene.field(later.amiId, "stage"), "held");
  },
);

t.test("an edited comment is handled anew, and one whose blanks alone changed is not", async (t) => {
  const scene = await openObjecting(t);
  const { amiId } = scene.nightly;
  const id = scene.comment("somebody", "please keep our image");
  await scene.read();
  t.match(scene.answers()[0], /which image is it\?/);
  scene.pagure.tracker.editComment("ami-reports", 1, id, "please  keep our image\n");
  t.same(await scene.read(), { read: 0, answered: 0 });
  scene.pagure.tracker.editComment("ami-reports", 1, id, `hold ${amiId}`);
  t.same(await scene.read(), { read: 1, answered: 1 });
  t.equal(await scene.field(amiId, "stage"), "held");
  t.equal(scene.answers().length, 2);
});

t.test("our own posts, Pagure's notes and issues that are no reports are nobody's objections", async (t) => {
  const scene = await openObjecting(t);
  const { tracker } = scene.pagure;
  const { amiId } = scene.nightly;
  scene.comment("bot", `hold ${amiId}\n\n<!-- clean-amis-answer:0 -->`);
  tracker.setStatus("ami-reports", 1, "somebody", "Closed", null);
  tracker.setStatus("ami-reports", 1, "somebody", "Open", null);
  const title = tracker.issue("ami-reports", 1)?.title ?? "";
  const foreign = tracker.open("ami-reports", { title, content: "clean-amis-part:", author: "somebody" });
  tracker.comment("ami-reports", foreign.id, OPERATOR, `hold ${amiId}`);
  const ours = tracker.open("ami-reports", { title: "To do", content: "a list", author: "bot" });
  tracker.comment("ami-reports", ours.id, OPERATOR, `hold ${amiId}`);
  t.same(await scene.read(), { read: 0, answered: 0 });
  t.equal(await scene.field(amiId, "stage"), "private");
});

t.test("beyond a day's limit all is held, once said, and alarmed in log and report", async (t) => {
  const scene = await openObjecting(t, { mostPerDay: 2 });
  const { amiId } = scene.nightly;
  for (const text of ["hold ami-1", "hold ami-2", "hold ami-3", "hold ami-4"]) scene.comment("somebody", text);
  scene.comment("somebody", `hold ${amiId}`);
  scene.comment("another", "hold ami-1");
  scene.comment(OPERATOR, "hold ami-1");
  await scene.read();
  t.equal(await scene.field(amiId, "stage"), "held");
  const to = (author: string): string[] => scene.answers().filter((text) => text.includes(`by \`${author}\``));
  t.same([to("somebody").length, to("another").length, to(OPERATOR).length], [3, 1, 1]);
  t.match(to("somebody")[2], /You wrote more comments today than are answered \(2\)/);
  t.equal(scene.logged.filter((line) => line.startsWith("error one author comments more")).length, 3);
  const stoppages = (): ReturnType<typeof commentStoppages> => commentStoppages(scene.commentReader);
  t.match(await stoppages(), [{ what: /^answer somebody, who wrote 5 comments on 2026-/ }]);
  scene.clock.advance(DAY_MS);
  scene.comment("somebody", "hold ami-5");
  await scene.read();
  t.equal(to("somebody").length, 4, "a new day");
});

t.test("nothing a comment says becomes Markdown, a mention or a link of ours", async (t) => {
  const scene = await openObjecting(t);
  const evil =
    "`x` @everybody [l](http://evil.example) <b>ami-1</b> ![i](http://evil.example/i.png) **b** | ami-2`@all\\`";
  scene.comment("so@me`bo|dy", `hold ${scene.nightly.amiId} ${evil} because ${evil}`);
  await scene.read();
  const [answer = ""] = scene.answers();
  const outside = answer.replace(/\[the comment\]\(\S+\)/, "").replaceAll(/`[^`\n]*`/g, "");
  t.notMatch(outside.replace(/<!-- clean-amis-answer:[0-9a-f]+ -->$/, ""), /evil|@|\[|</);
  t.notMatch(answer, "@");
});

t.test("an answer to a comment that names 600 images stays below the limit, and counts them", async (t) => {
  const scene = await openObjecting(t);
  const ids: string[] = [];
  for (let number = 0; number < 600; number += 1) ids.push(`ami-5${String(number).padStart(16, "0")}`);
  const decision = { kind: "delete", rule: "nightly", reason: "a nightly" } as const;
  const upload = { region: REGION, composeId: "Fedora-Rawhide-20261101.n.0", imageName: null, arch: null };
  for (const amiId of ids)
    await scene.commentReader.schedule.add({ ...upload, amiId, uploadedAt: scene.clock.now() }, decision, "ingest");
  scene.comment("somebody", `hold ${ids.join(" ")}`);
  await scene.read({ mostBytes: 8_000 });
  const [answer = ""] = scene.answers();
  t.ok(Buffer.byteLength(answer) <= 8_000, `${Buffer.byteLength(answer)} bytes`);
  const told = [...answer.matchAll(/ami-5/g)].length;
  t.match(answer, /^\* 600 images: held; it stays as it is/m);
  t.match(answer, `\n    * and ${600 - told} more\n`);
  t.equal(await scene.field(ids[599] ?? "", "stage"), "held");
});

t.test("orders of the command line and of comments are carried out in the order in which they came", async (t) => {
  const scene = await openObjecting(t);
  const { amiId } = scene.nightly;
  const words = { by: "tester", why: "", until: null, at: scene.clock.now(), composeId: null };
  await scene.commentReader.orders.add({ ...words, verb: "release", images: [{ region: REGION, amiId }] });
  scene.comment("somebody", `hold ${amiId}`);
  await scene.read();
  await carryOutOrders(scene.commentReader);
  t.equal(await scene.field(amiId, "stage"), "held");
});
