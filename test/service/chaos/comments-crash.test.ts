import t, { type Test } from "tap";
import { MINUTE_MS } from "../../../src/domain/time.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { readComments, type CommentReader } from "../../../src/operate/comments.ts";
import type { CommentLease, CommentMemory, Comments } from "../../../src/ports/index.ts";
import { CallCounter, untilCrash, type CrashPoint } from "../../support/scenes/crash.ts";
import { openObjecting, OPERATOR, type Objecting } from "../../support/scenes/objecting.ts";
import { limitFor } from "../../support/run/limit.ts";

limitFor(t, "CHAOS_CRASH");

/** A report with three comments: somebody's objection, an operator's restore, and a question. */
async function openScene(test: Test): Promise<Objecting> {
  const scene = await openObjecting(test);
  const { amiId, composeId } = scene.nightly;
  scene.comment("somebody", `hold ${amiId}`);
  scene.comment(OPERATOR, `hold ${composeId} because we look into it`);
  scene.comment("another", "please keep our image");
  return scene;
}

/** A pass whose calls are counted, and that perhaps dies; a dead process' leases run out, which is not waited for here. */
async function countedPass({ commentReader, connection }: Objecting, counter: CallCounter): Promise<void> {
  const { comments, memory, orders, schedule, facts } = commentReader;
  const takesLease: Pick<CommentMemory, "lease"> = {
    lease: async () => {
      const lease = await memory.lease();
      return lease === null ? null : counter.wrap<CommentLease>(lease);
    },
  };
  const others = counter.wrap<Omit<CommentMemory, "lease">>({
    reading: () => memory.reading(),
    isSilent: () => memory.isSilent(),
    tooMany: (day, most) => memory.tooMany(day, most),
  });
  const answering = counter.wrap<Omit<Comments, "threads">>({
    untold: (...words) => comments.untold(...words),
    answer: (...words) => comments.answer(...words),
    mergeRepeats: (...words) => comments.mergeRepeats(...words),
  });
  const reader: CommentReader = {
    ...commentReader,
    orders: counter.wrap(orders),
    schedule: counter.wrap(schedule),
    facts: counter.wrap(facts),
    memory: { ...others, ...takesLease },
    comments: { threads: (...words) => comments.threads(...words), ...answering },
  };
  await untilCrash(readComments(reader));
  const { redis, keys } = connection;
  await redis.del(keys.control("comments:pagure:lease"), keys.control("requests:lease"));
}

/** Passes, a minute apart. */
async function carryOn(scene: Objecting): Promise<void> {
  for (let pass = 0; pass < 4; pass += 1) {
    scene.clock.advance(MINUTE_MS);
    await scene.read().catch((error: unknown) => {
      if (!(error instanceof UpstreamError)) throw error;
    });
  }
}

/** What is wrong with how the comments were handled; empty when nothing is. */
async function wrongs(scene: Objecting): Promise<string[]> {
  const { amiId, composeId } = scene.nightly;
  const found: string[] = [];
  for (const author of ["somebody", OPERATOR, "another"]) {
    const answers = scene.answers().filter((text) => text.includes(`by \`${author}\``)).length;
    if (answers !== 1) found.push(`${author} was answered ${answers} times`);
  }
  if ((await scene.field(amiId, "stage")) !== "held") found.push("the image is not held");
  const [facts] = await scene.commentReader.facts.recall([composeId]);
  if (facts?.hold?.by !== `${OPERATOR} in a comment`) found.push("the compose is not held");
  if ((await scene.commentReader.memory.reading()).at === null)
    found.push("nobody knows until when comments were read");
  return found;
}

t.test("killed at any call of handling comments, each is carried out, and answered exactly once", async (t) => {
  const dry = await openScene(t);
  const counted = new CallCounter(null);
  await countedPass(dry, counted);
  t.same(await wrongs(dry), []);
  const points = counted.names.flatMap((_, index) =>
    (["before", "after"] as const).map((when): CrashPoint => ({ call: index + 1, when })),
  );
  for (const point of points) {
    const scene = await openScene(t);
    await countedPass(scene, new CallCounter(point));
    await carryOn(scene);
    const name = counted.names[point.call - 1] ?? "";
    t.same(await wrongs(scene), [], `killed ${point.when} call ${point.call} (${name})`);
  }
  t.comment(`sweep of comments: ${counted.names.length} calls, ${points.length} kills, 3 comments each`);
});

t.test("an answer that arrives only after its post was given up is not given twice", async (t) => {
  const scene = await openScene(t);
  let arrive: (value?: unknown) => void = () => undefined;
  const when = new Promise((resolve) => (arrive = resolve));
  scene.pagure.fail({ method: "POST", path: /comment$/, trouble: { kind: "late", when } });
  await t.rejects(scene.read(), { name: "UpstreamError" });
  scene.clock.advance(MINUTE_MS / 2);
  await scene.read();
  t.equal(scene.answers().length, 2, "the other two");
  const arrived = new Promise<void>((resolve) => {
    const off = scene.pagure.onCall(() => {
      off();
      resolve();
    });
  });
  arrive();
  await arrived;
  await carryOn(scene);
  t.same(await wrongs(scene), []);
});
