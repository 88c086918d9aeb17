import t, { type Test } from "tap";
import type { ForgeName } from "../../../src/demo/service-config.ts";
import { MINUTE_MS } from "../../../src/domain/time.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { readComments, type CommentReader } from "../../../src/operate/comments.ts";
import type { CommentLease, CommentMemory, Comments } from "../../../src/ports/index.ts";
import { forEachForge, killEverywhere, untilCrash, type CallCounter } from "../../support/scenes/crash.ts";
import { openObjecting, OPERATOR, type Objecting } from "../../support/scenes/objecting.ts";
import { limitFor } from "../../support/run/limit.ts";

limitFor(t, "CHAOS_CRASH");
/** Of the second forge a few points are enough where not all are tried: what it shares with the first is tried there. */
const STRIDES = { pagure: 3, forgejo: 15 } as const;

/** A report with three comments: somebody's objection, an operator's restore, and a question. */
async function openScene(test: Test, forge: ForgeName): Promise<Objecting> {
  const scene = await openObjecting(test, { forge });
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
  const leases = (["pagure", "forgejo"] as const).map((forge) => keys.control(`comments:${forge}:lease`));
  await redis.del(...leases, keys.control("requests:lease"));
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

forEachForge(t, STRIDES, (forge, isChosen) => {
  t.test(
    `${forge}: killed at any call of handling comments, each is carried out, and answered exactly once`,
    async (t) => {
      const open = (): Promise<Objecting> => openScene(t, forge);
      const { calls, kills } = await killEverywhere(t, { open, run: countedPass, carryOn, wrongs }, isChosen);
      t.comment(`sweep of comments (${forge}): ${calls.length} calls, ${kills} kills, 3 comments each`);
    },
  );

  t.test(`${forge}: an answer that arrives only after its post was given up is not given twice`, async (t) => {
    const scene = await openScene(t, forge);
    let arrive: (value?: unknown) => void = () => undefined;
    const when = new Promise((resolve) => (arrive = resolve));
    scene.forge.fail({ method: "POST", path: /comments?$/, trouble: { kind: "late", when } });
    await t.rejects(scene.read(), { name: "UpstreamError" });
    scene.clock.advance(MINUTE_MS / 2);
    await scene.read();
    t.equal(scene.answers().length, 2, "the other two");
    const arrived = new Promise<void>((resolve) => {
      const off = scene.forge.onCall(() => {
        off();
        resolve();
      });
    });
    arrive();
    await arrived;
    await carryOn(scene);
    t.same(await wrongs(scene), []);
  });
});
