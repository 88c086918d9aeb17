import t from "tap";
import type { Decision } from "../../../src/domain/compose/classify.ts";
import type { Hold } from "../../../src/domain/hold.ts";
import type { Image } from "../../../src/domain/image/image.ts";
import type { Look, Seen } from "../../../src/domain/plan/look.ts";
import { planFor, type Plan } from "../../../src/domain/plan/plan.ts";
import { HOLD_TAG, holdTag, INTENT_TAG, OLD_TAG } from "../../../src/domain/plan/tags.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { FREE, GUARDS, imageIn, NOW, PERIODS, seen, seenPrivate, SNAPSHOTS, TAKEN } from "../../support/world/image.ts";

const DELETE: Decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" };
const HOLD: Hold = { by: "somebody", why: "tests", since: NOW - DAY_MS, until: null };
const OVER: Hold = { ...HOLD, until: NOW };

function plan(image: Image, what: Seen | null, look: Partial<Look> = {}): Plan {
  return planFor(image, DELETE, { ...FREE, seen: what, ...look }, { now: NOW, periods: PERIODS, guards: GUARDS });
}

t.test("a hold on record concerns the deletion that it came into, and nothing else", (t) => {
  t.match(plan(imageIn("deleting", { hold: HOLD }), seenPrivate()), { do: "hold", hold: HOLD, from: "private" });
  t.match(
    plan(imageIn("deleting", { hold: OVER }), seenPrivate()),
    { do: "hold", hold: OVER },
    "nobody looked in time",
  );
  t.equal(plan(imageIn("private", { hold: HOLD }), seenPrivate()).do, "delete", "it was ended, and is but remembered");
  t.equal(plan(imageIn("deleting"), seenPrivate()).do, "delete", "there is none");
  t.match(plan(imageIn("public"), seen(), { composeHold: HOLD }), { do: "hold", from: "public" });
  t.match(plan(imageIn("deleting"), seenPrivate(), { composeHold: HOLD }), { do: "hold", from: "private" });
  t.end();
});

t.test("a hold is written to our own images alone", (t) => {
  const held = imageIn("held", { hold: HOLD });
  t.equal(plan(held, seenPrivate()).do, "tag-hold");
  t.equal(plan(held, seenPrivate({ ownerId: "999900001111" })).do, "wait", "somebody else's is not touched");
  t.equal(plan(held, seenPrivate({ tags: { [HOLD_TAG]: holdTag(HOLD) } })).do, "wait");
  t.end();
});

t.test("two composes for one image are a reason to keep it only in the deletion that they came into", (t) => {
  const conflict = { rule: "conflict", reason: "named by two composes" } as const;
  t.match(plan(imageIn("deleting", conflict), seenPrivate()), { do: "keep", decision: { rule: "conflict" } });
  t.equal(plan(imageIn("private", conflict), seenPrivate()).do, "delete", "else the facts decide anew");
  t.end();
});

t.test("the date that the public reads is waited for, but not by a deletion that has begun", (t) => {
  const promisedAt = NOW + DAY_MS;
  t.match(plan(imageIn("private", { promisedAt }), seenPrivate()), { do: "wait", until: promisedAt });
  t.equal(plan(imageIn("private", { promisedAt: NOW }), seenPrivate()).do, "delete");
  t.equal(plan(imageIn("deleting", { promisedAt }), seenPrivate()).do, "delete", "what is half gone is not left so");
  t.end();
});

t.test("an image that was private before us is kept; what our marks tell was taken by us is not", (t) => {
  const notOurs = { do: "keep", decision: { rule: "not-ours" } };
  t.match(plan(imageIn("public"), seen({ isPublic: false })), notOurs);
  for (const tag of [INTENT_TAG, OLD_TAG])
    t.equal(plan(imageIn("public"), seen({ isPublic: false, tags: { [tag]: "x" } })).do, "make-private", tag);
  t.equal(plan(imageIn("public"), seenPrivate()).do, "make-private", "begun by us, and Redis has lost it");
  const { tags } = seenPrivate();
  t.match(plan(imageIn("public"), seen({ tags })), { do: "hold", hold: { by: "ticker" } }, "made public again");
  t.end();
});

t.test("given back is what is on record, and what was closed for another image on the same snapshot", (t) => {
  const [first, second] = SNAPSHOTS;
  const restoring = imageIn("restoring", { takenAway: { ...TAKEN, snapshots: [first] } });
  const look = { snapshotTags: { [second]: { [INTENT_TAG]: "2026-01-30T09:00:00Z all" } } };
  t.match(plan(restoring, seenPrivate(), look), {
    do: "restore",
    takenAway: { image: true, snapshots: [first, second] },
  });
  const alone = plan(restoring, seenPrivate());
  t.strictSame(alone.do === "restore" && alone.takenAway.snapshots, [first]);
  t.end();
});

t.test("one user is named alone", (t) => {
  t.match(plan(imageIn("public"), seen(), { users: ["i-0abc"] }), { reason: "it is used by i-0abc" });
  const decided = plan(imageIn("public"), seen(), { users: ["i-0abc"] });
  t.equal(decided.do === "refuse" && decided.reason, "it is used by i-0abc");
  t.end();
});
