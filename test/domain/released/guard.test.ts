import t from "tap";
import type { Rule } from "../../../src/domain/compose/classify.ts";
import { STAGES } from "../../../src/domain/image/image.ts";
import { guarded, guardText, isReleased, isSettledIn, type Found } from "../../../src/domain/released/guard.ts";
import { DAY_MS } from "../../../src/domain/time.ts";
import { imageIn, NOW, seen, UPLOADED_AT } from "../../support/world/image.ts";

const WITHIN = { now: NOW, warnBeforeMs: 30 * DAY_MS };
const GONE = "altered: Amazon EC2 does not know it any more";

t.test("what is released and kept is looked after, once it is a day old, and nothing else", (t) => {
  const rules: (Rule | null)[] = ["released-two-week", "beta", "ga", "conflict", "unlabelled", "nightly", null];
  const found = STAGES.flatMap((stage) =>
    rules.filter((rule) => isReleased({ stage, rule })).map((rule) => [stage, rule]),
  );
  t.same(found, [
    ["kept", "released-two-week"],
    ["kept", "beta"],
    ["kept", "ga"],
  ]);
  t.notOk(isSettledIn({ uploadedAt: UPLOADED_AT }, UPLOADED_AT + DAY_MS - 1));
  t.ok(isSettledIn({ uploadedAt: UPLOADED_AT }, UPLOADED_AT + DAY_MS));
  t.end();
});

t.test("each change is told once, with what is so now, and so is its end", (t) => {
  const released = imageIn("kept", { rule: "ga" });
  const rows: [string, Found, string, string | null, string | null][] = [
    ["as it should be", seen(), "", null, null],
    ["of what was met before it was kept nothing is said", seen(), "in-use: i-1", null, null],
    ["private", seen({ isPublic: false }), "", "altered: it is not public", "it is not public"],
    ["private still", seen({ isPublic: false }), "altered: it is not public", null, null],
    ["public again", seen(), "altered: it is not public", "", "it is as it should be again"],
    [
      "disabled, and so private",
      seen({ state: "disabled", isPublic: false }),
      "altered: it is not public",
      "altered: it is disabled; it is not public",
      "it is disabled; it is not public",
    ],
    ["failed", seen({ state: "failed" }), "", "altered: its state is failed", "its state is failed"],
    ["deprecated in 31 days", seen({ deprecatedAt: NOW + 31 * DAY_MS }), "", null, null],
    ["back after it was gone", seen(), GONE, "", "it is as it should be again"],
  ];
  for (const [name, found, lastError, written, why] of rows) {
    const change = guarded({ ...released, lastError }, found, WITHIN);
    t.equal(change?.event?.why ?? null, why, name);
    t.equal(change?.fields.lastError ?? null, written, name);
    if (change !== null)
      t.match(change, { stage: "kept", wait: null, event: { what: "altered", who: "guardian" } }, name);
  }
  const soon = guarded(released, seen({ deprecatedAt: NOW + 30 * DAY_MS }), WITHIN);
  t.match(soon?.event?.why, /^it becomes deprecated on \d{4}-\d\d-\d\d$/);
  t.match(
    guarded(released, seen({ deprecatedAt: NOW }), WITHIN)?.event?.why,
    /^it is deprecated since \d{4}-\d\d-\d\d$/,
  );
  t.end();
});

t.test("one that is not there is told after the second look, a day after the first", (t) => {
  const released = imageIn("kept", { rule: "beta" });
  const first = guarded(released, "absent", WITHIN);
  t.match(first, { event: null, fields: { missedLooks: 1, missedSince: NOW, missedAt: NOW } });
  const missed = { ...released, ...first?.fields };
  t.equal(guarded(missed, "absent", { ...WITHIN, now: NOW + DAY_MS - 1 }), null, "too soon");
  const second = guarded(missed, "absent", { ...WITHIN, now: NOW + DAY_MS });
  t.match(second, {
    event: { what: "altered", why: "Amazon EC2 does not know it any more" },
    fields: { missedLooks: 2 },
  });
  const told = { ...missed, ...second?.fields };
  t.equal(guarded(told, "absent", { ...WITHIN, now: NOW + 9 * DAY_MS }), null, "once");
  const back = guarded(missed, seen(), { ...WITHIN, now: NOW + DAY_MS });
  t.match(back, { event: null, fields: { missedLooks: 0, missedSince: null, missedAt: null } });
  t.equal(guardText(missed, NOW), "not found at 2026-02-11T09:00:00Z; looked for again a day later");
  t.equal(guardText(told, NOW + DAY_MS), "Amazon EC2 does not know it any more");
  t.equal(guardText(released, null), "not looked at yet");
  t.equal(guardText(released, NOW), "as it should be");
  t.end();
});

t.test("a look that is still to come, by a wrong clock, neither counts nor keeps one that counts away", (t) => {
  const ahead = { missedLooks: 1, missedSince: NOW + 30 * DAY_MS, missedAt: NOW + 30 * DAY_MS };
  const released = imageIn("kept", { rule: "ga", ...ahead });
  const first = guarded(released, "absent", WITHIN);
  t.match(first, { event: null, fields: { missedLooks: 1, missedSince: NOW, missedAt: NOW } });
  const second = guarded({ ...released, ...first?.fields }, "absent", { ...WITHIN, now: NOW + DAY_MS });
  t.equal(second?.event?.why, "Amazon EC2 does not know it any more");
  t.end();
});
