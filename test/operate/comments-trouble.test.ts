import t from "tap";
import { tickRegion } from "../../src/act/tick.ts";
import { pagureError } from "../../src/demo/outside/pagure/access.ts";
import { htmlPage, type Trouble } from "../../src/demo/outside/faults.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/domain/time.ts";
import { RefusedError, UpstreamError } from "../../src/errors.ts";
import { listenTo } from "../../src/hear/hearing.ts";
import type { Comments, Hearing } from "../../src/ports/index.ts";
import { commentStoppages } from "../../src/tell/stops.ts";
import { TROUBLES as ALL } from "../support/outside/forge.ts";
import { openObjecting, type Objecting } from "../support/scenes/objecting.ts";
import { REGION } from "../support/world/world.ts";

const TROUBLES: readonly Trouble[] = [...ALL.pagure, { kind: "answer", status: 404, body: pagureError("ENOPROJECT") }];

/** All messages were heard until now. */
function hearingNow({ clock, commentReader }: Objecting): Pick<Hearing, "memory" | "runId"> {
  const { hearing } = commentReader;
  return {
    memory: async () => ({ heardUntil: clock.now(), runId: await hearing.runId(), wholeAt: clock.now() }),
    runId: () => hearing.runId(),
  };
}

t.test("whatever goes wrong with any call to Pagure, the image is held, and its author answered once", async (t) => {
  const dry = await openObjecting(t);
  dry.comment("somebody", `hold ${dry.nightly.amiId}`);
  const from = dry.pagure.journal.length;
  await dry.read();
  const calls = dry.pagure.journal.slice(from).map(({ method, path }) => `${method} ${path}`);
  t.ok(calls.length >= 5, calls.join(", "));
  for (const trouble of TROUBLES)
    for (const [index, call] of calls.entries()) {
      const scene = await openObjecting(t);
      scene.comment("somebody", `hold ${scene.nightly.amiId}`);
      const start = scene.pagure.journal.length;
      const arm = (): void => {
        if (scene.pagure.journal.length === start + index) scene.pagure.fail({ trouble });
      };
      arm();
      scene.pagure.onCall(arm);
      for (let pass = 0; pass < 4; pass += 1) {
        await scene.read().catch((error: unknown) => {
          if (!(error instanceof UpstreamError) && !(error instanceof RefusedError)) throw error;
        });
        scene.clock.advance(MINUTE_MS);
      }
      const seen = [await scene.field(scene.nightly.amiId, "stage"), scene.answers().length];
      t.same(seen, ["held", 1], `${JSON.stringify(trouble)} at ${call}`);
    }
});

t.test("a token that may not comment keeps no hold from standing, and is an alarm", async (t) => {
  const scene = await openObjecting(t);
  scene.pagure.setToken("test-token", { user: "bot", acls: ["issue_create"] });
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  await t.rejects(scene.read(), { name: "RefusedError" });
  t.equal(await scene.field(scene.nightly.amiId, "stage"), "held");
  t.ok(scene.logged.some((line) => line.startsWith("error comments on the reports cannot be read or answered")));
  scene.pagure.setToken("test-token", { user: "bot" });
  scene.clock.advance(2 * DAY_MS);
  t.same(await scene.read(), { read: 0, answered: 1 });
  t.match(scene.answers(), [/: held; it stays as it is/]);
});

t.test("a report that was removed or locked before its comments were answered stands in nobody's way", async (t) => {
  const scene = await openObjecting(t);
  const { amiId } = scene.nightly;
  scene.comment("somebody", `hold ${amiId}`);
  const locked = { kind: "answer", status: 403, body: pagureError("EISSUENOTALLOWED") } as const;
  scene.pagure.fail({ method: "POST", path: /comment$/, trouble: locked });
  await scene.read();
  t.same(await scene.commentReader.memory.lease().then(async (lease) => lease?.pending()), []);
  t.equal(await scene.field(amiId, "stage"), "held");
  t.same(scene.answers(), []);
});

t.test(
  "nothing is made private or deleted while comments are unread for an hour, which the report tells",
  async (t) => {
    const scene = await openObjecting(t);
    const listen = listenTo(hearingNow(scene), scene.commentReader.memory);
    t.equal((await listen(scene.clock.now())).until, null, "something was posted, and nothing read yet");
    await scene.read();
    t.equal((await listen(scene.clock.now())).until, scene.clock.now());
    t.same(await commentStoppages(scene.commentReader), []);
    scene.clock.advance(HOUR_MS - MINUTE_MS);
    t.same(await commentStoppages(scene.commentReader), []);
    scene.clock.advance(MINUTE_MS);
    t.equal((await listen(scene.clock.now())).until, scene.clock.now() - HOUR_MS);
    scene.clock.advance(11 * DAY_MS);
    t.match(await commentStoppages(scene.commentReader), [
      { what: /^make images private, or delete/, images: 1, plan: [`${scene.nightly.amiId} `] },
    ]);
    t.same(
      await tickRegion(REGION, { ...scene.ticker, listen }),
      { deaf: 2 },
      "its days are over, and nothing happens",
    );
    t.equal(await scene.field(scene.nightly.amiId, "stage"), "private");
    scene.comment("somebody", `hold ${scene.nightly.amiId}`);
    scene.pagure.fail({
      method: "GET",
      times: 1,
      trouble: { kind: "answer", status: 502, body: htmlPage("Bad Gateway") },
    });
    await t.rejects(scene.read(), { name: "UpstreamError" });
    t.equal(
      (await listen(scene.clock.now())).until ?? 0,
      scene.clock.now() - 11 * DAY_MS - HOUR_MS,
      "a failed reading counts for nothing",
    );
    await scene.read();
    t.equal(await scene.field(scene.nightly.amiId, "stage"), "held", "read before anything is done after the gap");
  },
);

t.test("where nothing was ever posted nobody can have objected: the messages alone decide", async (t) => {
  const scene = await openObjecting(t);
  const { redis, keys } = scene.connection;
  const listen = listenTo(hearingNow(scene), scene.commentReader.memory);
  await redis.del(keys.control("reporter:pagure:cursors"));
  t.equal((await listen(scene.clock.now())).until, scene.clock.now());
});

t.test("a reading that a wrong clock dated a month ahead counts for nothing, and all is read again", async (t) => {
  const scene = await openObjecting(t);
  scene.clock.advance(30 * DAY_MS);
  await scene.read();
  scene.clock.advance(-30 * DAY_MS);
  const listen = listenTo(hearingNow(scene), scene.commentReader.memory);
  t.match(await listen(scene.clock.now()), { until: null, deafness: "comments" });
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  t.match(await scene.read(), { read: 1 });
  t.match(await listen(scene.clock.now()), { deafness: null });
});

t.test("a hold waits for no clock: it is carried out, and only the reading is not remembered", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  const { schedule, memory } = scene.commentReader;
  const at = scene.clock.now();
  const wrong = () => Promise.resolve({ at, skewMs: 30 * DAY_MS, shared: at });
  const skewed = new Proxy(schedule, {
    get: (target, name) => (name === "now" ? wrong : (Reflect.get(target, name) as unknown)),
  });
  await scene.read({ schedule: skewed });
  t.equal(await scene.field(scene.nightly.amiId, "stage"), "held");
  t.same(await memory.reading(), { at: null, runId: null });
});

t.test("one process reads comments at a time", async (t) => {
  const scene = await openObjecting(t);
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  const lease = await scene.commentReader.memory.lease();
  t.same(await scene.read(), { read: 0, answered: 0 });
  await lease?.end();
  t.same(await scene.read(), { read: 1, answered: 1 });
});

t.test(
  "comments count as read up to when the reading began: what was written meanwhile may have been missed",
  async (t) => {
    const scene = await openObjecting(t);
    const { comments, memory } = scene.commentReader;
    const begun = scene.clock.now();
    const slow: Comments = {
      answer: (...args) => comments.answer(...args),
      mergeRepeats: (...args) => comments.mergeRepeats(...args),
      untold: (...args) => comments.untold(...args),
      threads: async function* (...args) {
        for await (const thread of comments.threads(...args)) {
          scene.clock.advance(10 * MINUTE_MS);
          yield thread;
        }
      },
    };
    await scene.read({ comments: slow });
    t.ok(scene.clock.now() > begun, "it took its time");
    t.equal((await memory.reading()).at, begun);
  },
);

t.test("while an order that a comment gave is not carried out, comments do not count as read", async (t) => {
  const scene = await openObjecting(t);
  const { memory, orders } = scene.commentReader;
  await scene.read();
  const before = (await memory.reading()).at;
  scene.clock.advance(HOUR_MS);
  scene.comment("somebody", `hold ${scene.nightly.amiId}`);
  const other = await orders.lease();
  t.same(await scene.read(), { read: 1, answered: 0 }, "another process carries orders out, and hangs");
  t.equal((await memory.reading()).at, before);
  t.equal(await scene.field(scene.nightly.amiId, "stage"), "private", "nobody has held it yet");
  await other?.end();
  const begun = scene.clock.now();
  t.same(await scene.read(), { read: 1, answered: 1 });
  t.equal((await memory.reading()).at, begun);
  t.equal(await scene.field(scene.nightly.amiId, "stage"), "held");
});
