import t from "tap";
import type { Decision } from "../../../src/domain/compose/classify.ts";
import type { Image } from "../../../src/domain/image/image.ts";
import type { Seen, Look } from "../../../src/domain/plan/look.ts";
import { planFor, type Plan } from "../../../src/domain/plan/plan.ts";
import { INTENT_TAG, PRIVATE_AT_TAG } from "../../../src/domain/plan/tags.ts";
import { DAY_MS, formatInstant, MINUTE_MS } from "../../../src/domain/time.ts";
import {
  AMI,
  DELETE_AT,
  FREE,
  GUARDS,
  imageIn,
  MADE_PRIVATE_AT,
  NAME,
  NOW,
  PERIODS,
  seen,
  seenPrivate,
  SNAPSHOTS,
  TAKEN,
} from "../../support/world/image.ts";

const DELETE: Decision = { kind: "delete", rule: "nightly", reason: "a nightly compose" };
const KEEP: Decision = { kind: "keep", rule: "ga", reason: "labelled RC-1.1" };
const UNRESOLVED: Decision = { kind: "unresolved", missing: "label", reason: "not known yet" };
const BEFORE = formatInstant(MADE_PRIVATE_AT);

interface Circumstances {
  readonly decision?: Decision;
  readonly look?: Partial<Look>;
  readonly now?: number;
}

function plan(image: Image, what: Seen | null, { decision = DELETE, look, now = NOW }: Circumstances = {}): Plan {
  const whole: Look = { ...FREE, seen: what, ...look };
  return planFor(image, decision, whole, { now, periods: PERIODS, guards: GUARDS });
}

/** A plan in a word or two: `make-private`, `refuse name`. */
function word(decided: Plan): string {
  return decided.do === "refuse" ? `refuse ${decided.code}` : decided.do;
}

t.test("a public nightly that is due is made private, and what will be taken is said before", (t) => {
  const decided = plan(imageIn("public"), seen(), { look: { publicSnapshotIds: [SNAPSHOTS[0]] } });
  t.same(decided, { do: "make-private", seen: seen(), takeAway: { image: true, snapshots: [SNAPSHOTS[0]] } });
  t.end();
});

t.test("what was recorded as taken stands, whatever the image looks like after a crash", (t) => {
  const begun = { isPublic: false, tags: { [INTENT_TAG]: `${BEFORE} all` } };
  const rows: readonly (readonly [string, Partial<Image>, Partial<Seen>, object])[] = [
    ["taken and recorded", { takenAway: TAKEN }, begun, TAKEN],
    ["recorded, and not yet taken", { takenAway: TAKEN }, {}, TAKEN],
    ["our tag says so, our memory is lost", {}, begun, { image: true, snapshots: [] }],
    [
      "our tag says that nothing was there",
      {},
      { isPublic: false, tags: { [INTENT_TAG]: `${BEFORE} nothing` } },
      { image: false, snapshots: [] },
    ],
  ];
  for (const [what, changes, inEc2, takeAway] of rows) {
    const decided = plan(imageIn("public", changes), seen(inEc2), { look: { publicSnapshotIds: [] } });
    t.match(decided, { do: "make-private", takeAway }, what);
  }
  t.end();
});

t.test("a private nightly whose notice is ten days old is deleted with every snapshot", (t) => {
  const image = imageIn("private", { snapshotIds: ["snap-0old", SNAPSHOTS[0]] });
  t.same(plan(image, seenPrivate()), {
    do: "delete",
    seen: seenPrivate(),
    snapshotIds: ["snap-0old", ...SNAPSHOTS],
  });
  t.end();
});

t.test("every guard refuses what it is there for, before anything is made private or deleted", (t) => {
  const rows: readonly (readonly [string, Partial<Seen>, string])[] = [
    ["account", { ownerId: "111122223333" }, "it belongs to account 111122223333, not to 125523088429"],
    ["state", { state: "pending" }, "its state in EC2 is pending, not available"],
    ["state", { state: "disabled" }, "its state in EC2 is disabled, not available"],
    ["state", { state: "" }, "its state in EC2 is , not available"],
    [
      "name",
      { name: "Fedora-Cloud-Base-AmazonEC2.aarch64-42-1.1" },
      "its name in EC2 says 42-1.1, as a release's does",
    ],
    ["name", { name: "Fedora-20260122.n.0-Prerelease" }, "fits no form of Fedora's names"],
    ["name", { name: NAME.replace("aarch64", "x86_64") }, "the announced name says aarch64"],
    ["protecting-tag", { tags: { "do-not-delete": "no" } }, "it carries the protecting tag do-not-delete"],
    ["protecting-tag", { tags: { FedoraGroup: "coreos" } }, "its tag FedoraGroup has another value than cloud"],
    ["protection", { deregistrationProtection: "enabled-without-cooldown" }, "is enabled-without-cooldown"],
    ["protection", { deregistrationProtection: "disabled after 2026-03-01" }, "is disabled after 2026-03-01"],
    ["protection", { deregistrationProtection: "" }, "deregistration protection is "],
    ["age", { createdAt: null }, "EC2 does not tell its CreationDate"],
  ];
  for (const [code, change, reason] of rows) {
    const both = [
      plan(imageIn("public"), seen(change)),
      plan(imageIn("private"), seenPrivate({ ...change, tags: { ...seenPrivate().tags, ...change.tags } })),
      plan(imageIn("deleting"), seenPrivate({ ...change, tags: { ...seenPrivate().tags, ...change.tags } })),
    ];
    for (const decided of both) {
      t.equal(word(decided), `refuse ${code}`, JSON.stringify(change));
      t.ok(decided.do === "refuse" && decided.reason.includes(reason), JSON.stringify(decided));
    }
  }
  t.equal(
    word(plan(imageIn("public"), seen({ deregistrationProtection: null }))),
    "make-private",
    "an old EC2 says nothing",
  );
  t.end();
});

t.test("nothing is made private that could not be made public again", (t) => {
  t.equal(word(plan(imageIn("public"), seen(), { look: { isWayBackOpen: false } })), "refuse block-public-access");
  t.end();
});

t.test("an image whose label is not confirmed, or that the policy keeps as newest, waits with its deadline", (t) => {
  const silent = { look: { unanswered: ["composeinfo"] } };
  const unheard = plan(imageIn("public", { privateAt: NOW - DAY_MS + 1 }), seen(), silent);
  t.match(unheard, { do: "wait", until: NOW + 10 * MINUTE_MS, reason: /not yet heard of it: composeinfo/ });
  const lasting = plan(imageIn("public", { privateAt: NOW - DAY_MS }), seen(), silent);
  t.match(lasting, { do: "refuse", code: "unanswered", reason: /not yet heard of it: composeinfo/ }, "after a day");
  const newest = { look: { isNewest: true } };
  t.match(plan(imageIn("public"), seen(), newest), { do: "wait", until: NOW + DAY_MS, reason: /the newest/ });
  t.equal(
    word(plan(imageIn("public", { takenAway: TAKEN }), seen(), newest)),
    "make-private",
    "what was begun goes on",
  );
  t.equal(word(plan(imageIn("private"), seenPrivate(), newest)), "delete", "it is about being made private");
  t.end();
});

t.test("an image that was private before we came is not ours to delete", (t) => {
  const decided = plan(imageIn("public"), seen({ isPublic: false }));
  t.match(decided, { do: "keep", decision: { kind: "keep", rule: "not-ours" } });
  t.end();
});

t.test("nothing is deleted without a confirmed notice whose days are over", (t) => {
  const rows: readonly (readonly [string, Partial<Image>, number, string])[] = [
    ["no notice", { noticedAt: null, deleteAt: null }, NOW, "refuse no-notice"],
    ["a deadline without a notice", { noticedAt: null }, NOW, "refuse no-notice"],
    ["a notice without a deadline", { deleteAt: null }, NOW, "refuse no-notice"],
    ["a millisecond early", {}, DELETE_AT - 1, "refuse no-notice"],
    ["before a later date that the public reads", { promisedAt: DELETE_AT + 2000 }, DELETE_AT, "wait"],
    ["on that date", { promisedAt: DELETE_AT + 2000 }, DELETE_AT + 2000, "delete"],
    ["on time", {}, DELETE_AT, "delete"],
  ];
  for (const [what, changes, now, expected] of rows)
    t.equal(word(plan(imageIn("private", changes), seenPrivate(), { now })), expected, what);
  const later = plan(imageIn("private", { promisedAt: DELETE_AT + 2000 }), seenPrivate(), { now: DELETE_AT });
  t.match(later, { until: DELETE_AT + 2000 }, "it is no refusal, and is told to nobody");
  t.end();
});

t.test("nothing is deleted unless its own tag in EC2 says that it has been private long enough", (t) => {
  const tenDaysAgo = NOW - 10 * DAY_MS;
  const rows = [
    ["no tag", {}, "refuse no-private-at"],
    ["an unreadable tag", { [PRIVATE_AT_TAG]: "01022026" }, "refuse no-private-at"],
    ["an empty tag", { [PRIVATE_AT_TAG]: "" }, "refuse no-private-at"],
    ["a day too young", { [PRIVATE_AT_TAG]: formatInstant(NOW - 9 * DAY_MS) }, "refuse no-private-at"],
    ["a millisecond too young", { [PRIVATE_AT_TAG]: formatInstant(tenDaysAgo + 1) }, "refuse no-private-at"],
    ["from the future", { [PRIVATE_AT_TAG]: "2099-01-01T00:00:00Z" }, "refuse no-private-at"],
    ["old enough", { [PRIVATE_AT_TAG]: formatInstant(tenDaysAgo) }, "delete"],
  ] as const;
  for (const [what, tags, expected] of rows) {
    t.equal(word(plan(imageIn("private"), seenPrivate({ tags }))), expected, what);
    t.equal(word(plan(imageIn("deleting"), seenPrivate({ tags }))), expected, `deleting: ${what}`);
  }
  t.end();
});

t.test("an image of a lost record that was private, and is public, is held until somebody releases it", (t) => {
  const again = seenPrivate({ isPublic: true });
  t.match(plan(imageIn("public"), again), { do: "hold", from: "public", hold: { why: /public again/, until: null } });
  t.equal(word(plan(imageIn("public", { releasedAt: NOW }), again)), "make-private", "released since");
  t.equal(word(plan(imageIn("public", { takenAway: TAKEN }), again)), "make-private", "we remember");
  t.end();
});

t.test("an image that somebody made public again is held", (t) => {
  t.match(plan(imageIn("private"), seenPrivate({ isPublic: true })), {
    do: "hold",
    hold: { why: /public again/, until: null },
    from: "public",
  });
  t.equal(word(plan(imageIn("deleting"), seenPrivate({ isPublic: true }))), "hold");
  t.end();
});

t.test("an image that is younger in EC2 than its message said waits until it is old enough", (t) => {
  const createdAt = NOW - 5 * DAY_MS + 1;
  const decided = plan(imageIn("public"), seen({ createdAt }));
  t.match(decided, { do: "wait", until: NOW + 1, reason: `created ${formatInstant(createdAt)}, too young` });
  t.equal(word(plan(imageIn("private"), seenPrivate({ createdAt }))), "wait");
  t.equal(word(plan(imageIn("public"), seen({ createdAt: createdAt - 1 }))), "make-private");
  t.end();
});

t.test("the facts of this moment decide: a late keep wins as long as the image stands", (t) => {
  const shown = { public: seen(), private: seenPrivate(), deleting: seenPrivate() } as const;
  for (const stage of ["public", "private", "deleting"] as const) {
    t.same(plan(imageIn(stage), shown[stage], { decision: KEEP }), { do: "keep", decision: KEEP }, stage);
    const lost = plan(imageIn(stage), shown[stage], { decision: UNRESOLVED });
    t.match(lost, { do: "wait", until: NOW + 5 * MINUTE_MS, reason: /facts were lost/ }, `${stage}, facts lost`);
  }
  const disabled = plan(imageIn("deleting"), seenPrivate({ state: "disabled" }), { decision: KEEP });
  t.same(disabled, { do: "keep", decision: KEEP }, "a disabled image can still be saved");
  t.end();
});

t.test("a deletion whose image is gone goes on to the last snapshot, even after a late keep", (t) => {
  for (const decision of [DELETE, KEEP, UNRESOLVED])
    for (const shown of [null, seenPrivate({ state: "deregistered" })])
      t.same(plan(imageIn("deleting"), shown, { decision }), { do: "delete", seen: shown, snapshotIds: SNAPSHOTS });
  const noticeGone = imageIn("deleting", { noticedAt: null, deleteAt: null });
  t.equal(word(plan(noticeGone, seenPrivate())), "delete", "its notice was looked at when it began");
  t.end();
});

t.test("an image that EC2 does not show is missed, not gone", (t) => {
  for (const stage of ["public", "private", "restoring"] as const)
    t.same(plan(imageIn(stage), null), { do: "miss" }, stage);
  t.end();
});

t.test("restoring gives back exactly what was taken, and asks no guard", (t) => {
  const odd = seenPrivate({ name: "renamed", tags: { "do-not-delete": "" }, state: "available" });
  const whole = { do: "restore", seen: odd, takenAway: TAKEN, tagged: [AMI, ...SNAPSHOTS] };
  for (const decision of [DELETE, KEEP, UNRESOLVED]) t.same(plan(imageIn("restoring"), odd, { decision }), whole);
  const nothing = { do: "restore", takenAway: { image: false, snapshots: [] }, tagged: [] };
  t.match(plan(imageIn("restoring", { takenAway: null }), odd), nothing, "nothing was taken");
  t.end();
});
