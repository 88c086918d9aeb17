import t, { type Test } from "tap";
import { pagureError } from "../../src/demo/outside/pagure/access.ts";
import type { Tracker } from "../../src/demo/outside/tracker.ts";
import { DAY_MS, HOUR_MS } from "../../src/domain/time.ts";
import { readComments } from "../../src/operate/comments.ts";
import { openObjecting, type Objecting } from "../support/scenes/objecting.ts";
import { PERIODS, REGION } from "../support/world/world.ts";

const PROJECT = "ami-reports";

async function open(t: Test): Promise<Objecting & { readonly isThere: () => boolean }> {
  const scene = await openObjecting(t);
  return { ...scene, isThere: () => scene.simulator.image(REGION, scene.nightly.amiId)?.state === "available" };
}

/** What a project's administrators can do to a report, by which the public reads no more what it was told there. */
const LOSSES: Readonly<Record<string, (tracker: Tracker, amiId: string) => void>> = {
  "is deleted": (tracker) => {
    tracker.remove(PROJECT, 1);
  },
  "is deleted, and somebody else's issue has its number": (tracker, amiId) => {
    tracker.remove(PROJECT, 1);
    const { id } = tracker.open(PROJECT, {
      title: "what became of it?",
      content: `Where is ${amiId}?`,
      author: "tidy",
    });
    if (id !== 1) throw new Error("the number was not given again");
  },
  "is hidden from the public": (tracker) => {
    tracker.setPrivate(PROJECT, 1, true);
  },
  "is emptied": (tracker) => {
    tracker.edit(PROJECT, 1, tracker.issue(PROJECT, 1)?.title ?? "", "nothing to see here");
  },
};

for (const [what, lose] of Object.entries(LOSSES))
  t.test(`an image whose report ${what} is told anew, and has all of its days again`, async (t) => {
    const scene = await open(t);
    const { amiId } = scene.nightly;
    await scene.read();
    const before = (await scene.reporter.schedule.get(REGION, amiId))?.deleteAt ?? 0;
    scene.clock.advance(9 * DAY_MS);
    lose(scene.pagure.tracker, amiId);
    await scene.read();
    t.same(await scene.field(amiId, "delete_at"), null, "without a date it waits for its notice");
    t.equal(scene.logged.filter((line) => line.startsWith("error the public cannot read")).length, 1, "it is loud");
    scene.clock.advance(2 * DAY_MS);
    await scene.tick();
    t.ok(scene.isThere(), "its old date has passed, and it stands");

    t.match(await scene.report(), { noticed: 1 });
    const noticedAt = scene.clock.now();
    const after = (await scene.reporter.schedule.get(REGION, amiId))?.deleteAt ?? 0;
    t.equal(after, noticedAt + PERIODS.deleteAfterMs);
    t.ok(after > before);
    const text = scene.posts().at(-1) ?? "";
    t.match(text, amiId);
    t.match(text, new Date(after).toISOString().slice(0, 10), "the new date is told");
    await scene.read();
    t.match(await scene.report(), { posted: 0 }, "once");
    scene.clock.advance(PERIODS.deleteAfterMs);
    await scene.tick();
    t.notOk(scene.isThere(), "then it is deleted");
  });

t.test("a report that was only closed, renamed and commented on stands", async (t) => {
  const scene = await open(t);
  const { tracker } = scene.pagure;
  tracker.setStatus(PROJECT, 1, "tidy", "Closed", "Fixed");
  tracker.edit(PROJECT, 1, "done", tracker.issue(PROJECT, 1)?.content ?? "");
  scene.comment("somebody", "thank you");
  scene.clock.advance(DAY_MS);
  await scene.read();
  t.not(await scene.field(scene.nightly.amiId, "delete_at"), "");
});

for (const [what, skip] of [
  ["what is said under a report", 0],
  ["whether a report still stands", 1],
] as const)
  t.test(`as long as nobody knows ${what}, comments do not count as read`, async (t) => {
    const scene = await open(t);
    await scene.read();
    const { at } = await scene.commentReader.memory.reading();
    scene.clock.advance(DAY_MS);
    const trouble = { kind: "answer", status: 404, body: pagureError("ETRACKERDISABLED") } as const;
    const lift = scene.pagure.fail({ method: "GET", path: /issue\/1$/, skip, times: Infinity, trouble });
    scene.comment("somebody", "what is this?");
    await t.rejects(readComments(scene.commentReader), { code: "ETRACKERDISABLED" });
    t.equal((await scene.commentReader.memory.reading()).at, at, "so nothing is deleted after an hour");
    t.not(await scene.field(scene.nightly.amiId, "delete_at"), "", "nor told anew");
    lift();
    scene.clock.advance(HOUR_MS);
    await scene.read();
    t.equal((await scene.commentReader.memory.reading()).at, scene.clock.now());
  });
