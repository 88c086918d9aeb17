import t from "tap";
import type { Image, Stage } from "../../../src/domain/image/image.ts";
import { STAGES } from "../../../src/domain/image/image.ts";
import { disagreements, mendingOf } from "../../../src/domain/plan/differences.ts";
import type { Seen } from "../../../src/domain/plan/look.ts";
import { COMPOSE_TAG, HOLD_TAG, INTENT_TAG, OLD_TAG, PRIVATE_AT_TAG } from "../../../src/domain/plan/tags.ts";
import { ACCOUNT, COMPOSE, imageIn, NOW, PERIODS, seen, seenPrivate, TAKEN } from "../../support/world/image.ts";

const HOLD = { by: "relengbot", why: "in use", since: NOW, until: null };
const HOLD_VALUE = "no-end by relengbot";

const tagged = (seen: Seen, tags: Seen["tags"]): Seen => ({ ...seen, tags: { ...seen.tags, ...tags } });
const untagged = (seen: Seen, key: string): Seen => ({
  ...seen,
  tags: Object.fromEntries(Object.entries(seen.tags).filter(([name]) => name !== key)),
});

const byOldScript = (isPublic: boolean): Seen => seen({ isPublic, tags: { [OLD_TAG]: "23082026" } });

const ROWS: readonly (readonly [what: string, image: Image, seen: Seen | null, kinds: readonly string[]])[] = [
  ["public on both sides", imageIn("public"), seen(), []],
  ["private on both sides", imageIn("private"), seenPrivate(), []],
  ["kept on both sides", imageIn("kept"), seen(), []],
  ["just being deleted, and not shown any more", imageIn("deleting"), null, []],
  ["being given back", imageIn("restoring"), seenPrivate({ isPublic: true }), []],
  ["held and tagged so", imageIn("held", { hold: HOLD }), tagged(seen(), { [HOLD_TAG]: HOLD_VALUE }), []],
  ["somebody else's", imageIn("public"), seen({ ownerId: "999999999999" }), ["account"]],
  ["private, and public again", imageIn("private"), seenPrivate({ isPublic: true }), ["public-again"]],
  ["public, and private with our tags", imageIn("public"), seenPrivate(), ["private"]],
  ["kept for want of facts, and private with our tags", imageIn("kept"), seenPrivate(), ["private"]],
  ["kept by a rule, and private by the old script", imageIn("kept", { rule: "ga" }), byOldScript(false), ["taken"]],
  ["kept for want of facts, and private by the old script", imageIn("kept"), byOldScript(false), ["private"]],
  ["kept, and public with the old script's tag", imageIn("kept", { rule: "ga" }), byOldScript(true), []],
  ["private by the old script, and to be made private by us", imageIn("public"), byOldScript(false), []],
  ["kept by a rule, and taken from", imageIn("kept", { rule: "ga" }), seenPrivate(), ["taken"]],
  [
    "heard anew, and asked back by a person before",
    imageIn("public"),
    tagged(seenPrivate({ isPublic: true }), { [HOLD_TAG]: HOLD_VALUE }),
    ["taken", "hold-not-recorded"],
  ],
  [
    "of two composes",
    imageIn("private"),
    tagged(seenPrivate(), { [COMPOSE_TAG]: "Fedora-41-20240911.0" }),
    ["compose"],
  ],
  ["private without our tag", imageIn("private"), untagged(seenPrivate(), PRIVATE_AT_TAG), ["private-at"]],
  [
    "private since another time",
    imageIn("private"),
    tagged(seenPrivate(), { [PRIVATE_AT_TAG]: "2026-02-09T00:00:00Z" }),
    ["private-at"],
  ],
  ["held and not tagged so", imageIn("held", { hold: HOLD }), seen(), ["hold-not-tagged"]],
  [
    "held, and tagged by another",
    imageIn("held", { hold: HOLD }),
    tagged(seen(), { [HOLD_TAG]: "no-end by tester" }),
    ["hold-not-tagged"],
  ],
  ["of the compose that its tag names", imageIn("public"), tagged(seen(), { [COMPOSE_TAG]: COMPOSE }), []],
  ["kept, and private by another hand", imageIn("kept"), seen({ isPublic: false }), []],
  ["kept, and private once", imageIn("kept", { rule: "ga", madePrivateAt: NOW }), seen(), []],
  ["private since nobody knows when", imageIn("private", { madePrivateAt: null }), seenPrivate(), []],
  [
    "public again, and without our tag",
    imageIn("private"),
    untagged(seenPrivate({ isPublic: true }), PRIVATE_AT_TAG),
    ["public-again"],
  ],
  [
    "private, and tagged as held",
    imageIn("private"),
    tagged(seenPrivate(), { [HOLD_TAG]: "x" }),
    ["hold-not-recorded"],
  ],
  ["tagged as held, and not held", imageIn("public"), tagged(seen(), { [HOLD_TAG]: "x" }), ["hold-not-recorded"]],
];

for (const [what, image, shown, kinds] of ROWS) {
  t.test(`${what}: ${kinds.join() || "no finding"}`, (t) => {
    const found = disagreements(image, shown, ACCOUNT);
    t.same(
      found.map(({ kind }) => kind),
      kinds,
    );
    for (const { what, remedy } of found) t.ok(what !== "" && remedy !== "", "says what and what to do");
    t.end();
  });
}

t.test("an image that EC2 does not show is told in every stage in which it should be there", (t) => {
  const silent: readonly Stage[] = ["deleting", "deleted", "gone"];
  for (const stage of STAGES)
    if (stage !== "deleted" && stage !== "gone")
      t.equal(disagreements(imageIn(stage), null, ACCOUNT).length, silent.includes(stage) ? 0 : 1, stage);
  t.end();
});

t.test("only a keep by a rule is given back by reconcile, and only what we had begun with", (t) => {
  const ga = imageIn("kept", { rule: "ga" });
  const change = mendingOf(ga, seenPrivate(), ACCOUNT, PERIODS, NOW);
  t.match(change, { stage: "restoring", fields: { becomes: "kept", rule: "ga" }, wait: { queue: "restore" } });
  t.equal(mendingOf(ga, untagged(seenPrivate(), INTENT_TAG), ACCOUNT, PERIODS, NOW), null, "not begun by us");
  t.equal(mendingOf(ga, seenPrivate({ ownerId: "999999999999" }), ACCOUNT, PERIODS, NOW), null, "somebody else's");
  const asked = tagged(seenPrivate({ isPublic: true }), { [HOLD_TAG]: HOLD_VALUE });
  const back = mendingOf(imageIn("public"), asked, ACCOUNT, PERIODS, NOW);
  t.match(back, { stage: "restoring", fields: { becomes: "held", hold: { by: "relengbot", until: null } } });
  for (const stage of STAGES)
    t.equal(mendingOf(imageIn(stage), seenPrivate(), ACCOUNT, PERIODS, NOW), null, `${stage} stays`);
  t.end();
});

t.test("what a person had asked back is given back where it was heard of anew, and nowhere else", (t) => {
  const asked = tagged(seenPrivate({ isPublic: true }), { [HOLD_TAG]: HOLD_VALUE });
  const mend = (image: Image, shown = asked) => mendingOf(image, shown, ACCOUNT, PERIODS, NOW);
  const heldFrom = (from: "public" | "kept" | "private"): Image => imageIn("held", { hold: HOLD, heldFrom: from });
  for (const image of [imageIn("public"), imageIn("unresolved"), heldFrom("public"), heldFrom("kept")])
    t.equal(mend(image)?.stage, "restoring", `${image.stage} ${image.heldFrom ?? ""}`);
  for (const image of [
    heldFrom("private"),
    ...(["private", "deleting", "deleted", "gone", "kept"] as const).map((stage) => imageIn(stage)),
  ])
    t.equal(mend(image), null, `${image.stage} stays`);
  for (const tag of [HOLD_TAG, PRIVATE_AT_TAG, INTENT_TAG])
    t.equal(mend(imageIn("public"), untagged(asked, tag)), null, `without ${tag}`);
  t.equal(mend(imageIn("public"), { ...asked, isPublic: false }), null, "it goes on being made private");
  t.equal(mend(imageIn("public", { takenAway: TAKEN })), null, "what is on record is not forgotten");
  const ours = { ...HOLD, by: "on record" };
  t.equal(mend(imageIn("held", { hold: ours, heldFrom: "public" }))?.fields.hold?.by, "on record");
  t.end();
});
