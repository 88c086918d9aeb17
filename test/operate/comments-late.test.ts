import t from "tap";
import { MINUTE_MS, SECOND_MS } from "../../src/domain/time.ts";
import type { Comments } from "../../src/ports/index.ts";
import { UpstreamError } from "../../src/errors.ts";
import { openObjecting, type Objecting } from "../support/scenes/objecting.ts";

const LOST = new UpstreamError("pagure", "TIMEOUT", "pagure: no answer");

/** A tracker that takes so long for each answer; the caller hears nothing. */
function slow(scene: Objecting, takesMs: number): { readonly comments: Comments; readonly sent: string[] } {
  const { comments } = scene.commentReader;
  const sent: string[] = [];
  return {
    sent,
    comments: {
      threads: (...words) => comments.threads(...words),
      mergeRepeats: (...words) => comments.mergeRepeats(...words),
      untold: (...words) => comments.untold(...words),
      answer: async (_threadId, { text }, beforePost) => {
        await beforePost();
        sent.push(text);
        scene.clock.advance(takesMs);
        return { unsure: LOST };
      },
    },
  };
}

t.test("an answer that nothing was heard of for long is under way for a minute from then on", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  const { comments, sent } = slow(scene, 90 * SECOND_MS);
  await t.rejects(scene.read({ comments }), LOST);
  scene.clock.advance(30 * SECOND_MS);
  t.same(await scene.read({ comments }), { read: 0, answered: 0 });
  t.equal(sent.length, 1);
  const [text = ""] = sent;
  scene.pagure.tracker.comment("ami-reports", 1, "bot", text);
  scene.clock.advance(30 * SECOND_MS);
  await scene.read();
  t.equal(scene.answers().length, 1, "it had arrived meanwhile");
});

t.test("an answer that arrives after it was sent again is said to be one", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  const { comments, sent } = slow(scene, 30 * SECOND_MS);
  await t.rejects(scene.read({ comments }), LOST);
  scene.clock.advance(2 * MINUTE_MS);
  t.same(await scene.read(), { read: 0, answered: 1 });
  scene.pagure.tracker.comment("ami-reports", 1, "bot", sent[0] ?? "");
  scene.clock.advance(MINUTE_MS);
  await scene.read();
  t.match(scene.posts().at(-1), /An answer was posted twice by mistake/);
  const pending = await scene.commentReader.memory.lease().then(async (lease) => lease?.pending());
  t.same(pending, []);
});
