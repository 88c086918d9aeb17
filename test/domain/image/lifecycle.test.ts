import fc from "fast-check";
import t from "tap";
import type { Decision, Rule } from "../../../src/domain/compose/classify.ts";
import { STAGES, type Image, type Stage } from "../../../src/domain/image/image.ts";
import { entryOf, redecide, type Change } from "../../../src/domain/image/lifecycle.ts";
import { stillUnresolved } from "../../../src/domain/image/unresolved.ts";
import type { Upload } from "../../../src/domain/image/upload.ts";
import { backoffMs, jittered } from "../../../src/domain/limits/backoff.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { holds } from "../../support/random/property.ts";
import { AMI, COMPOSE, imageIn, NAME, NOW, PERIODS, TAKEN, UPLOADED_AT } from "../../support/world/image.ts";

const DELETE = { kind: "delete", rule: "nightly", reason: "a nightly compose" } as const satisfies Decision;
const KEEP = { kind: "keep", rule: "ga", reason: "labelled RC-1.1" } as const satisfies Decision;
const UNRESOLVED: Decision = { kind: "unresolved", missing: "label", reason: "not known yet" };
const UPLOAD: Upload = {
  region: "us-east-1",
  amiId: AMI,
  composeId: COMPOSE,
  imageName: NAME,
  arch: "aarch64",
  uploadedAt: UPLOADED_AT,
};
const PRIVATE_AT = UPLOADED_AT + 5 * DAY_MS;

/** A change in a few words: the stage, and the queue in which the image waits. */
function told(change: Change | null): string {
  if (change === null) return "stays as it is";
  return `${change.stage}, waits in ${change.wait?.queue ?? "nothing"}`;
}

t.test("an image that is first heard of stands where its decision puts it, and its event says so", (t) => {
  const rows = [
    [DELETE, "public, waits in private", PRIVATE_AT, "nightly"],
    [KEEP, "kept, waits in nothing", undefined, "ga"],
    [UNRESOLVED, "unresolved, waits in unresolved", NOW, null],
  ] as const;
  for (const [decision, expected, wakeAt, rule] of rows) {
    const entry = entryOf(UPLOAD, decision, PERIODS, NOW, "ingest");
    t.equal(told(entry), expected);
    t.equal(entry.wait?.wakeAt, wakeAt, `${expected}: wakes`);
    t.same(entry.fields, { rule, reason: decision.reason }, `${expected}: rule and reason`);
    t.match(entry.event, {
      what: "scheduled",
      at: NOW,
      who: "ingest",
      why: decision.reason,
      details: { stage: entry.stage, rule: rule ?? "" },
    });
  }
  t.end();
});

t.test("the private deadline counts from the upload, whenever the message is heard", (t) => {
  const moment = fc.integer({ min: UPLOADED_AT, max: UPLOADED_AT + 1000 * DAY_MS });
  const isFixed = fc.property(moment, fc.constantFrom(DELETE, KEEP, UNRESOLVED), (now, decision) => {
    const { privateAt, wait } = entryOf(UPLOAD, decision, PERIODS, now, "ingest");
    return privateAt === PRIVATE_AT && (decision !== DELETE || wait?.wakeAt === PRIVATE_AT);
  });
  holds(t, isFixed);
  t.end();
});

/** Every stage, with what a decision to delete, to keep, or none at all makes of it. */
const TABLE: readonly (readonly [Stage, Partial<Image>, string, string])[] = [
  ["unresolved", {}, "public, waits in private", "kept, waits in nothing"],
  ["public", {}, "stays as it is", "kept, waits in nothing"],
  ["public", { takenAway: TAKEN }, "stays as it is", "restoring, waits in restore"],
  // A claim under way, or one whose answer was lost, may have tagged it or taken something.
  ["public", { token: "claimed" }, "stays as it is", "restoring, waits in restore"],
  ["public", { attempts: 1 }, "stays as it is", "restoring, waits in restore"],
  ["private", {}, "stays as it is", "restoring, waits in restore"],
  ["private", { noticedAt: null, deleteAt: null }, "stays as it is", "restoring, waits in restore"],
  // Its claim ends, and its ticker looks whether it can still be saved.
  ["deleting", {}, "stays as it is", "deleting, waits in delete"],
  ["deleting", { rule: KEEP.rule }, "stays as it is", "stays as it is"],
  ["restoring", { becomes: "held" }, "stays as it is", "restoring, waits in restore"],
  ["restoring", { becomes: "kept" }, "stays as it is", "stays as it is"],
  ["held", {}, "stays as it is", "restoring, waits in restore"],
  ["held", { takenAway: TAKEN }, "stays as it is", "restoring, waits in restore"],
  ["unresolved", { takenAway: TAKEN }, "public, waits in private", "restoring, waits in restore"],
  ["kept", { rule: "beta", takenAway: TAKEN }, "stays as it is", "restoring, waits in restore"],
  // It was held while it was kept: it is asked about again when the hold is over.
  ["held", { rule: "unlabelled", heldFrom: "kept" }, "stays as it is", "restoring, waits in restore"],
  ["kept", { rule: "unresolved" }, "public, waits in private", "kept, waits in nothing"],
  ["kept", { rule: "unlabelled" }, "public, waits in private", "kept, waits in nothing"],
  ["kept", { rule: "malformed" }, "public, waits in private", "kept, waits in nothing"],
  ["kept", { rule: "ga" }, "stays as it is", "stays as it is"],
  ["kept", { rule: "beta" }, "stays as it is", "kept, waits in nothing"],
  ["kept", { rule: "conflict" }, "stays as it is", "kept, waits in nothing"],
  ["kept", { rule: "released-two-week" }, "stays as it is", "kept, waits in nothing"],
  ["kept", { rule: "not-nightly" }, "stays as it is", "kept, waits in nothing"],
  ["kept", { rule: "not-ours" }, "stays as it is", "kept, waits in nothing"],
  ["deleted", {}, "stays as it is", "stays as it is"],
  ["gone", {}, "stays as it is", "stays as it is"],
];

t.test("a decision on a known image changes what it may, in every stage, and nothing else", (t) => {
  t.same([...new Set(TABLE.map(([stage]) => stage))].sort(), [...STAGES].sort(), "every stage has a row");
  for (const [stage, changes, onDelete, onKeep] of TABLE) {
    const image = imageIn(stage, changes);
    const what = `${stage} ${JSON.stringify(changes)}`;
    t.equal(told(redecide(image, DELETE, PERIODS, NOW, "ingest")), onDelete, `${what}: delete`);
    t.equal(told(redecide(image, KEEP, PERIODS, NOW, "ingest")), onKeep, `${what}: keep`);
    t.equal(told(redecide(image, UNRESOLVED, PERIODS, NOW, "ingest")), "stays as it is", `${what}: unresolved`);
  }
  t.end();
});

t.test("a decision is on record with its rule and its reason, and in the event that tells it", (t) => {
  const image = imageIn("unresolved");
  for (const [decision, stage] of [
    [DELETE, "public"],
    [KEEP, "kept"],
  ] as const) {
    const change = redecide(image, decision, PERIODS, NOW, "ingest");
    const { rule, reason } = decision;
    t.match(change, { stage, fields: { rule, reason }, event: { why: reason, details: { stage, rule } } });
  }
  const { rule, reason } = KEEP;
  const restored = redecide(imageIn("private"), KEEP, PERIODS, NOW, "ingest");
  t.match(restored, { fields: { rule, reason, becomes: "kept" }, event: { why: reason, details: { rule } } });
  const saved = redecide(imageIn("deleting", { attempts: 4 }), KEEP, PERIODS, NOW, "ingest");
  t.strictSame(saved?.fields, { rule, reason, attempts: 0 }, "its ticker tells what it finds");
  t.end();
});

t.test("deciding again, however often and late, never moves a deadline", (t) => {
  const fixed = ["uploadedAt", "privateAt", "madePrivateAt", "noticedAt", "deleteAt"];
  const row = fc.constantFrom(...TABLE.map(([stage, changes]) => imageIn(stage, changes)));
  const decision = fc.constantFrom(DELETE, KEEP, UNRESOLVED);
  const isStill = fc.property(row, decision, fc.nat(1000), (image, by, days) => {
    const change = redecide(image, by, PERIODS, NOW + days * DAY_MS, "ingest");
    if (change === null) return true;
    const touched = Object.keys(change.fields).filter((field) => fixed.includes(field));
    return touched.length === 0 && (change.stage !== "public" || change.wait?.wakeAt === image.privateAt);
  });
  holds(t, isStill, { numRuns: 1_000 });
  t.end();
});

t.test("the same decision a second time changes nothing more", (t) => {
  for (const [stage, changes] of TABLE)
    for (const decision of [DELETE, KEEP]) {
      const image = imageIn(stage, changes);
      const first = redecide(image, decision, PERIODS, NOW, "ingest");
      if (first === null) continue;
      const after = { ...image, ...first.fields, stage: first.stage };
      t.equal(redecide(after, decision, PERIODS, NOW + HOUR_MS, "ingest"), null, `${stage} ${decision.kind}`);
    }
  t.end();
});

t.test("what was taken is given back at once, or after the lease of a ticker that may still be at it", (t) => {
  const idle = redecide(imageIn("private"), KEEP, PERIODS, NOW, "ingest");
  const claimed = redecide(imageIn("private", { token: "somebody" }), KEEP, PERIODS, NOW, "ingest");

  t.equal(idle?.wait?.wakeAt, NOW);
  t.equal(claimed?.wait?.wakeAt, NOW + PERIODS.leaseMs);
  const traces = { attempts: 0, lastError: "", missedLooks: 0, missedSince: null, missedAt: null };
  const over = { becomes: "kept", hold: null, heldFrom: null, wish: null };
  t.strictSame(idle?.fields, { ...traces, ...over, rule: "ga", reason: "labelled RC-1.1" }, "no hold or wish is left");
  t.match(idle, { event: { what: "restoring", why: "labelled RC-1.1" } });
  t.end();
});

t.test("a keep that may be decided again never replaces one that is final", (t) => {
  const rules: readonly (readonly [Rule, Decision & { kind: "keep" }, boolean])[] = [
    ["conflict", { kind: "keep", rule: "unlabelled", reason: "-" }, false],
    ["not-ours", { kind: "keep", rule: "unlabelled", reason: "-" }, false],
    ["conflict", { kind: "keep", rule: "malformed", reason: "-" }, false],
    ["unresolved", { kind: "keep", rule: "unlabelled", reason: "-" }, true],
    ["unlabelled", { kind: "keep", rule: "released-two-week", reason: "-" }, true],
    ["conflict", { kind: "keep", rule: "released-two-week", reason: "-" }, true],
  ];
  for (const [before, decision, isReplaced] of rules) {
    const change = redecide(imageIn("kept", { rule: before }), decision, PERIODS, NOW, "ingest");
    t.equal(change !== null, isReplaced, `${before}, then ${decision.rule}`);
  }
  t.end();
});

t.test("an unresolved image is tried again in minutes, then hours, and is kept after 14 days", (t) => {
  const tries = [
    [0, MINUTE_MS],
    [1, 2 * MINUTE_MS],
    [5, 32 * MINUTE_MS],
    [8, 256 * MINUTE_MS],
    [9, 6 * HOUR_MS],
    [500, 6 * HOUR_MS],
  ] as const;
  for (const [attempts, expected] of tries) {
    const image = imageIn("unresolved", { attempts, uploadedAt: NOW });
    const change = stillUnresolved(image, "no answer", PERIODS, NOW, 1);
    t.same([change.wait?.queue, change.wait?.wakeAt], ["unresolved", NOW + expected], `after ${attempts} tries`);
    t.same(change.fields, { attempts: attempts + 1, lastError: "no answer" });
    t.equal(change.event, null, "a try is no news");
  }
  const end = UPLOADED_AT + 14 * DAY_MS;
  const last = stillUnresolved(imageIn("unresolved", { attempts: 60 }), "no answer", PERIODS, end - HOUR_MS, 0.5);
  t.equal(last.wait?.wakeAt, end, "the last try is at the end, not after it");
  const over = stillUnresolved(imageIn("unresolved"), "no answer", PERIODS, end, 0);
  t.match(over, {
    stage: "kept",
    wait: null,
    fields: { rule: "unresolved" },
    event: { what: "decided", who: "resolver" },
  });
  t.match(over.event?.why, "no answer; nothing more was learnt in time");
  t.end();
});

t.test("a pause doubles with every attempt, and stops growing", (t) => {
  const pauses = [0, 1, 2, 3, 4, 5, 31, 1e9].map(
    (attempts) => backoffMs(attempts, MINUTE_MS, 10 * MINUTE_MS) / MINUTE_MS,
  );
  t.same(pauses, [1, 2, 4, 8, 10, 10, 10, 10]);
  t.end();
});

t.test("jitter takes at most half of a pause away, and adds nothing", (t) => {
  t.same(
    [0, 0.5, 1].map((fraction) => jittered(MINUTE_MS, fraction)),
    [MINUTE_MS / 2, 0.75 * MINUTE_MS, MINUTE_MS],
  );
  const wakeAt = [0, 0.999].map((fraction) => {
    const change = stillUnresolved(imageIn("unresolved", { uploadedAt: NOW }), "no answer", PERIODS, NOW, fraction);
    t.notOk("privateAt" in change.fields, "a deadline never moves");
    return (change.wait?.wakeAt ?? 0) - NOW;
  });
  t.same(wakeAt, [MINUTE_MS / 2, 59_970]);
  t.end();
});
