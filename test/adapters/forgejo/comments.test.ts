import t from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import type { Thread } from "../../../src/ports/index.ts";
import { FORGEJO, NOW, REPO, TITLE, type ForgeScene } from "../../support/outside/forge.ts";

async function threads({ comments }: ForgeScene, sinceDay: string | null = null): Promise<Thread[]> {
  const found: Thread[] = [];
  for await (const thread of comments("clean-amis: {day}").threads(sinceDay, [], [])) found.push(thread);
  return found;
}

t.test("a comment that is edited long after its report is read again, on whatever page the list has it", async (t) => {
  let now = NOW - 20 * DAY_MS;
  const scene = await FORGEJO.start(t, { now: () => now });
  const { tracker } = scene.double;
  for (const title of ["clean-amis: 2026-11-04", "clean-amis: 2026-11-03", "a list of things"])
    tracker.open(REPO, { title, content: "text", author: "bot" });
  tracker.open(REPO, { title: "clean-amis: 2026-11-02", content: "text", author: "mallory" });
  const { id } = tracker.comment(REPO, 1, "ann", "thanks");
  for (const issue of [3, 4]) tracker.comment(REPO, issue, "ann", "hold");
  now = NOW;
  t.same(await threads(scene, "2026-11-23"), []);
  for (let number = 0; number < 45; number += 1) tracker.comment(REPO, 3, "ann", "x");
  tracker.editComment(REPO, 4, tracker.issue(REPO, 4)?.comments[0]?.id ?? 0, "hold all");
  now += 1_000;
  tracker.editComment(REPO, 1, id, "hold ami-00000000000000001", "mallory");
  const read = await threads(scene, "2026-11-23");
  t.same(
    read.map(({ id: thread, comments }) => [thread, comments.map(({ text, editors }) => [text, editors])]),
    [["1", [["hold ami-00000000000000001", null]]]],
    "who changed it is not known, so it is anybody's word",
  );
});

t.test("what was brought over from another forge is not the word of whoever did that", async (t) => {
  const scene = await FORGEJO.start(t);
  const { tracker } = scene.double;
  tracker.open(REPO, { title: TITLE, content: "text", author: "bot" });
  tracker.comment(REPO, 1, "admin", "restore ami-00000000000000001");
  const lift = scene.double.fail({
    method: "GET",
    path: /\/comments$/,
    trouble: {
      kind: "answer",
      status: 200,
      body: [
        {
          id: 1,
          html_url: "http://forge.example/x#issuecomment-1",
          issue_url: "http://forge.example/x/issues/1",
          user: { login: "admin" },
          original_author: "relengbot",
          original_author_id: 7,
          body: "restore ami-00000000000000001",
          created_at: "2026-11-24T22:00:00Z",
          updated_at: "2026-11-24T22:00:00Z",
        },
      ],
    },
  });
  t.match(await threads(scene), [{ comments: [{ author: "relengbot (brought over by admin)" }] }]);
  lift();
});
