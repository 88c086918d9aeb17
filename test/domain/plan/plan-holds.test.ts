import t from "tap";
import type { Decision, KeepRule } from "../../../src/domain/compose/classify.ts";
import type { Hold } from "../../../src/domain/hold.ts";
import type { Image } from "../../../src/domain/image/image.ts";
import type { Seen, Look } from "../../../src/domain/plan/look.ts";
import { planFor, type Plan } from "../../../src/domain/plan/plan.ts";
import { HOLD_TAG, holdTag, OUR_TAGS } from "../../../src/domain/plan/tags.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { AMI, FREE, GUARDS, imageIn, NOW, PERIODS, seen, seenPrivate, SNAPSHOTS } from "../../support/world/image.ts";

const DELETE: Decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" };

function plan(image: Image, what: Seen | null, { look }: { readonly look?: Partial<Look> } = {}): Plan {
  return planFor(image, DELETE, { ...FREE, seen: what, ...look }, { now: NOW, periods: PERIODS, guards: GUARDS });
}

/** A plan in a word or two. */
function word(decided: Plan): string {
  return decided.do === "refuse" ? `refuse ${decided.code}` : decided.do;
}

t.test("what is in use, was launched lately, or cannot be asked about is refused", (t) => {
  const rows = [
    ["in-use", { users: ["i-0abc", "lt-0def"] }, "it is used by i-0abc and 1 more"],
    ["guard-unusable", { unusableGuard: "ec2:DescribeInstances is denied" }, "is denied"],
  ] as const;
  for (const [code, look, reason] of rows)
    for (const decided of [
      plan(imageIn("public"), seen(), { look }),
      plan(imageIn("private"), seenPrivate(), { look }),
    ])
      t.match(decided, { do: "refuse", code, reason: new RegExp(reason) });
  const lately = seen({ lastLaunchedAt: NOW - DAY_MS });
  const look: Look = { ...FREE, seen: lately };
  const quiet = { now: NOW, periods: PERIODS, guards: { ...GUARDS, recentlyLaunchedMs: 2 * DAY_MS } };
  t.match(planFor(imageIn("public"), DELETE, look, quiet), { do: "refuse", code: "recently-launched" });
  const longAgo = { ...look, seen: seen({ lastLaunchedAt: NOW - 2 * DAY_MS }) };
  t.equal(word(planFor(imageIn("public"), DELETE, longAgo, quiet)), "make-private", "its two days are over");
  t.equal(word(plan(imageIn("public"), lately)), "make-private", "the guard is off unless somebody asks");
  t.end();
});

t.test("a hold beats every act, whether the compose, the record or a tag in EC2 remembers it", (t) => {
  const hold: Hold = { by: "somebody", why: "tests", since: NOW, until: null };
  const over = { ...hold, until: NOW };
  const tagged = { tags: { [HOLD_TAG]: "no-end by somebody" } };
  for (const [stage, what] of [
    ["public", seen()],
    ["private", seenPrivate()],
    ["deleting", seenPrivate()],
  ] as const) {
    t.match(plan(imageIn(stage), what, { look: { composeHold: hold } }), { do: "hold" }, `${stage}, by its compose`);
    t.match(plan(imageIn(stage), seen(tagged)), { do: "hold", hold: { by: "somebody" } }, `${stage}, by a tag`);
    t.notMatch(
      plan(imageIn(stage), what, { look: { composeHold: over } }),
      { do: "hold" },
      `${stage}, when it is over`,
    );
  }
  const wished = imageIn("deleting", { hold, wish: "restore" });
  t.equal(word(plan(wished, seenPrivate())), "restore-and-hold", "an image that still stands is given back");
  t.equal(word(plan(wished, null)), "delete", "one that is gone leaves no snapshot behind");
  t.equal(word(plan(imageIn("held", { hold }), seenPrivate())), "tag-hold");
  t.equal(word(plan(imageIn("held", { hold }), seen(tagged))), "wait", "what EC2 knows is not written again");
  t.equal(word(plan(imageIn("held", { hold: over }), seenPrivate())), "end-hold");
  const ofCompose = plan(imageIn("held", { hold: over }), seenPrivate(), { look: { composeHold: hold } });
  t.strictSame(
    ofCompose,
    { do: "tag-hold", seen: seenPrivate(), hold },
    "its compose's hold goes on, and is the one that EC2 is told",
  );
  const ending = { ...hold, until: NOW + DAY_MS };
  t.match(
    plan(imageIn("public"), seen(), { look: { composeHold: { ...ending, since: 0 } } }),
    { do: "hold", hold: ending },
    "one with an end",
  );
  t.equal(word(plan(imageIn("held", { hold: ending }), seenPrivate())), "tag-hold", "until its end");
  const told = seenPrivate({ tags: { [HOLD_TAG]: holdTag(ending) } });
  t.match(
    plan(imageIn("held", { hold: ending }), told),
    { do: "wait", until: ending.until },
    "and looked at again then",
  );
  t.end();
});

t.test("what is given back loses every tag of ours that it carries, the hold's among them, and no other", (t) => {
  const tagged = (tags: Seen["tags"], look: Partial<Look> = {}): unknown => {
    const decided = plan(imageIn("restoring", { takenAway: null }), seen({ tags }), { look });
    return decided.do === "restore" ? decided.tagged : decided.do;
  };
  for (const key of OUR_TAGS) t.strictSame(tagged({ [key]: "x" }), [AMI], key);
  t.strictSame(tagged({ Name: "x" }), []);
  const ofSnapshot = (tags: Seen["tags"]): unknown => tagged({ Name: "x" }, { snapshotTags: { [SNAPSHOTS[0]]: tags } });
  t.strictSame(ofSnapshot({ [HOLD_TAG]: "x" }), [SNAPSHOTS[0]], "and so do its snapshots");
  t.strictSame(ofSnapshot({ Name: "x" }), []);
  t.end();
});

t.test("a keep keeps, whichever rule says so; one that may be decided again leaves a held image held", (t) => {
  const hold: Hold = { by: "somebody", why: "tests", since: NOW, until: null };
  const by = (rule: KeepRule, image: Image, what: Seen): string =>
    word(
      planFor(
        image,
        { kind: "keep", rule, reason: "x" },
        { ...FREE, seen: what },
        { now: NOW, periods: PERIODS, guards: GUARDS },
      ),
    );
  for (const rule of ["ga", "released-two-week", "unlabelled", "malformed", "conflict"] as const) {
    t.equal(by(rule, imageIn("public"), seen()), "keep", `public, ${rule}`);
    t.equal(by(rule, imageIn("private"), seenPrivate()), "keep", `private, ${rule}`);
    t.equal(by(rule, imageIn("deleting"), seenPrivate()), "keep", `deleting, ${rule}`);
    const isFinal = rule !== "unlabelled" && rule !== "malformed";
    t.equal(by(rule, imageIn("held", { hold }), seenPrivate()), isFinal ? "keep" : "tag-hold", `held, ${rule}`);
  }
  t.end();
});

t.test("of two composes for one image no fact tells: what is being deleted is kept by its record", (t) => {
  const image = imageIn("deleting", { rule: "conflict", reason: "announced for two" });
  t.match(plan(image, seenPrivate()), {
    do: "keep",
    decision: { kind: "keep", rule: "conflict", reason: "announced for two" },
  });
  t.equal(word(plan(image, null)), "delete", "one that is gone leaves no snapshot behind");
  t.end();
});
