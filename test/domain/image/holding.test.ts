import t from "tap";
import type { Hold } from "../../../src/domain/hold.ts";
import { holdEnded, holdOfCompose, restoreAndHold } from "../../../src/domain/image/holding.ts";
import { STAGES, type Image, type Stage } from "../../../src/domain/image/image.ts";
import type { Change } from "../../../src/domain/image/lifecycle.ts";
import { carryOut, VERBS, type Order, type Verb } from "../../../src/domain/image/order.ts";
import { DAY_MS, formatInstant } from "../../../src/domain/time.ts";
import { DELETE_AT, imageIn, NOW, PERIODS } from "../../support/world/image.ts";

const HOLD: Hold = { by: "somebody", why: "tests", since: NOW - DAY_MS, until: null };
const UNTIL = NOW + 9 * DAY_MS;
const LATER = NOW + PERIODS.leaseMs;

function ask(image: Image, verb: Verb, composeHold: Hold | null = null): ReturnType<typeof carryOut> {
  const order: Order = { verb, by: "tester", why: "a reason", until: UNTIL, at: NOW };
  return carryOut(image, order, { periods: PERIODS, now: NOW, composeHold });
}

/** A change in a few words: the stage, the queue, and how much later than now. */
function told(change: Change | null): string {
  if (change === null) return "nothing";
  const { stage, wait } = change;
  if (wait === null) return stage;
  return `${stage}, ${wait.queue} ${wait.wakeAt === NOW ? "now" : wait.wakeAt === LATER ? "after the lease" : formatInstant(wait.wakeAt)}`;
}

/** What each order does in each stage, in the order of `VERBS`: hold, release, restore, retry. */
const TABLE: readonly (readonly [Stage, Partial<Image>, readonly [string, string, string, string]])[] = [
  ["unresolved", {}, ["held, held now", "nothing", "restoring, restore now", "unresolved, unresolved now"]],
  ["public", {}, ["held, held now", "nothing", "restoring, restore now", "public, private now"]],
  [
    "public",
    { privateAt: UNTIL },
    ["held, held now", "nothing", "restoring, restore now", `public, private ${formatInstant(UNTIL)}`],
  ],
  [
    "public",
    { token: "claimed" },
    ["held, held now", "nothing", "restoring, restore after the lease", "public, private after the lease"],
  ],
  ["private", {}, ["held, held now", "nothing", "restoring, restore now", "private, delete now"]],
  [
    "private",
    { deleteAt: UNTIL },
    ["held, held now", "nothing", "restoring, restore now", `private, delete ${formatInstant(UNTIL)}`],
  ],
  ["private", { noticedAt: null, deleteAt: null }, ["held, held now", "nothing", "restoring, restore now", "nothing"]],
  ["held", { hold: HOLD }, ["held, held now", "held, held now", "restoring, restore now", "nothing"]],
  ["deleting", {}, ["deleting, delete now", "nothing", "deleting, delete now", "deleting, delete now"]],
  [
    "deleting",
    { token: "claimed" },
    [
      "deleting, delete after the lease",
      "nothing",
      "deleting, delete after the lease",
      "deleting, delete after the lease",
    ],
  ],
  ["restoring", {}, ["restoring, restore now", "nothing", "restoring, restore now", "restoring, restore now"]],
  ["restoring", { becomes: "kept" }, ["nothing", "nothing", "nothing", "restoring, restore now"]],
  ["kept", {}, ["held, held now", "nothing", "restoring, restore now", "nothing"]],
  ["deleted", {}, ["nothing", "nothing", "nothing", "nothing"]],
  ["gone", {}, ["nothing", "nothing", "nothing", "nothing"]],
];

t.test("each order does in each stage what its answer says, and no sooner than a claim is over", (t) => {
  t.same([...new Set(TABLE.map(([stage]) => stage))].sort(), [...STAGES].sort(), "every stage has a row");
  for (const [stage, changes, expected] of TABLE)
    t.same(
      VERBS.map((verb) => told(ask(imageIn(stage, changes), verb).change)),
      expected,
      `${stage} ${JSON.stringify(changes)}`,
    );
  t.end();
});

t.test("an order leaves who gave it, and until when, in the record", (t) => {
  const wanted: Hold = { by: "tester", why: "a reason", until: UNTIL, since: NOW };
  const fields = (stage: Stage, verb: Verb, changes: Partial<Image> = {}): Change["fields"] | undefined =>
    ask(imageIn(stage, changes), verb).change?.fields;
  t.strictSame(fields("public", "hold")?.hold, wanted);
  t.strictSame(fields("deleting", "hold"), { wish: "hold", hold: wanted, attempts: 0 });
  t.strictSame(fields("deleting", "restore"), { wish: "restore", hold: wanted, attempts: 0 });
  t.strictSame(fields("restoring", "hold"), { hold: wanted, attempts: 0 });
  t.strictSame(fields("private", "restore")?.hold, wanted);
  const over = fields("held", "release", { hold: { ...HOLD, until: UNTIL } })?.hold;
  t.strictSame(over, { by: "tester", why: "a reason", since: HOLD.since, until: NOW }, "whoever ends it is named");
  t.equal(fields("held", "release", { hold: null })?.hold?.until, NOW);
  t.strictSame(ask(imageIn("held", { hold: HOLD }), "release", HOLD).change, null, "its compose is held still");
  t.end();
});

t.test("the same hold a second time changes nothing; another end, or another person, does", (t) => {
  const same: Hold = { by: "tester", why: "another reason", until: UNTIL, since: NOW - DAY_MS };
  const again = (hold: Hold): string => told(ask(imageIn("held", { hold }), "hold").change);
  t.equal(again(same), "nothing");
  t.equal(again({ ...same, until: null }), "held, held now");
  t.equal(again({ ...same, by: "somebody else" }), "held, held now");
  const over = imageIn("public", { hold: same });
  t.equal(told(ask(over, "hold").change), "held, held now", "one that is but remembered holds nothing");
  const given = imageIn("held", { hold: same, becomes: "kept" });
  t.equal(told(ask(given, "restore").change), "restoring, restore now", "nor gives back what became of it before");
  t.end();
});

t.test("a hold on a compose stops what can be stopped, from now on, and ends with its end", (t) => {
  for (const stage of STAGES) {
    const change = holdOfCompose(imageIn(stage), HOLD, NOW);
    const isStopped = stage === "unresolved" || stage === "public" || stage === "private";
    t.equal(told(change), isStopped ? "held, held now" : "nothing", stage);
    if (change !== null) t.strictSame(change.fields.hold, { ...HOLD, since: NOW }, stage);
  }
  t.equal(told(holdOfCompose(imageIn("public"), { ...HOLD, until: UNTIL }, NOW)), "held, held now", "one with an end");
  for (const hold of [null, { ...HOLD, until: NOW }]) t.equal(holdOfCompose(imageIn("public"), hold, NOW), null);
  t.end();
});

t.test("a hold is written whole: nothing of an earlier wish or failure is left", (t) => {
  const change = ask(imageIn("private", { attempts: 3, lastError: "x", wish: "restore" }), "hold").change;
  const hold: Hold = { by: "tester", why: "a reason", until: UNTIL, since: NOW };
  const none = { wish: null, becomes: null, attempts: 0, lastError: "" };
  t.strictSame(change?.fields, { hold, heldFrom: "private", ...none });
  t.match(change?.event, { details: { from: "private", until: formatInstant(UNTIL) } });
  const restored = ask(imageIn("private", { wish: "restore" }), "restore").change;
  t.equal(restored?.fields.wish, null);
  t.match(restored, { event: { details: { until: formatInstant(UNTIL) } } });
  t.end();
});

t.test("what a hold leaves behind when it ends is written out, field by field", (t) => {
  const traces = { attempts: 0, lastError: "", missedLooks: 0, missedSince: null, missedAt: null };
  const image = imageIn("held", { hold: HOLD, heldFrom: "private", deleteAt: DELETE_AT, noticedAt: NOW, attempts: 3 });
  const ended = holdEnded(image, false, "x", "", PERIODS, NOW);
  const none = { hold: null, heldFrom: null, noticedAt: null, deleteAt: null };
  t.strictSame(ended.fields, { ...traces, ...none, releasedAt: NOW, earliestDeleteAt: DELETE_AT });
  t.equal(ended.event?.what, "released");
  t.strictSame(ended.event?.details, { until: "no end", from: "private", after_hold_s: "259200" });
  const waits = (heldFrom: Image["heldFrom"], changes: Partial<Image> = {}): string =>
    told(holdEnded({ ...image, heldFrom, ...changes }, false, "x", "", PERIODS, NOW));
  t.equal(waits("public"), "public, private now");
  t.equal(waits("public", { privateAt: UNTIL }), `public, private ${formatInstant(UNTIL)}`);
  t.equal(waits("private"), "private");
  t.equal(waits("unresolved"), "unresolved, unresolved now");
  t.equal(waits("kept", { rule: "ga" }), "kept");
  t.equal(waits("kept", { rule: "unlabelled" }), "unresolved, unresolved now");
  t.end();
});

t.test("a restore remembers what it comes from, where that is no way to being deleted", (t) => {
  const from = (stage: Stage, changes: Partial<Image> = {}): unknown =>
    restoreAndHold(imageIn(stage, changes), HOLD, PERIODS, NOW).fields.heldFrom;
  t.equal(from("kept"), "kept");
  t.equal(from("unresolved"), "unresolved");
  t.equal(from("restoring", { heldFrom: "kept" }), "kept");
  for (const stage of ["public", "private", "deleting"] as const) t.equal(from(stage), "public", stage);
  t.end();
});
