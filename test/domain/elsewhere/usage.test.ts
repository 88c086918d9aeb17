import t from "tap";
import { elsewhereOf, elsewhereText, usageStep, type UsageRecord } from "../../../src/domain/elsewhere/usage.ts";
import { planFor } from "../../../src/domain/plan/plan.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { FREE, GUARDS, imageIn, NOW, PERIODS, seen } from "../../support/world/image.ts";

const NIGHTLY = { kind: "delete", rule: "nightly", reason: "a nightly compose" } as const;
const answered = (agoMs: number, accounts = 3): UsageRecord => {
  return { reportId: "", askedAt: NOW - agoMs - HOUR_MS, accounts, answeredAt: NOW - agoMs };
};

t.test("a report is asked for, looked for, and asked for anew when it failed, took too long or grew old", (t) => {
  const begun = { reportId: "r-1", askedAt: NOW, accounts: null, answeredAt: null };
  const failed = { ...begun, reportId: "" };
  const rows: [string, UsageRecord | null, number, string][] = [
    ["never asked", null, 0, "ask"],
    ["begun", begun, 0, "look"],
    ["begun yesterday", begun, DAY_MS, "ask"],
    ["failed", failed, HOUR_MS, "nothing"],
    ["failed long ago", failed, 6 * HOUR_MS, "ask"],
    ["answered", answered(DAY_MS), 0, "nothing"],
    ["answered a week ago", answered(7 * DAY_MS), 0, "ask"],
    ["asked by a wrong clock", { ...begun, askedAt: NOW + DAY_MS }, 0, "ask"],
  ];
  for (const [name, record, laterMs, step] of rows) t.equal(usageStep(record, NOW + laterMs), step, name);
  t.end();
});

t.test("an answer counts for eight days, and so many accounts as were named are for a person", (t) => {
  t.same(elsewhereOf(null, NOW, 1), { accounts: null, isMany: false });
  t.same(elsewhereOf(answered(0), NOW, 0), { accounts: 3, isMany: false });
  t.same(elsewhereOf(answered(0), NOW, 4), { accounts: 3, isMany: false });
  t.same(elsewhereOf(answered(0), NOW, 3), { accounts: 3, isMany: true });
  t.same(elsewhereOf(answered(8 * DAY_MS), NOW, 3), { accounts: null, isMany: false }, "too old");
  t.same(elsewhereOf(answered(-DAY_MS), NOW, 3), { accounts: null, isMany: false }, "from the future");
  t.same([1, 2].map(elsewhereText), ["in use in 1 other account", "in use in 2 other accounts"]);
  t.end();
});

t.test("nothing is made private before it is known who uses it elsewhere, where that is asked", (t) => {
  const terms = { now: NOW, periods: PERIODS, guards: GUARDS };
  const image = imageIn("public", { privateAt: NOW - MINUTE_MS });
  const look = { ...FREE, seen: seen() };
  const plan = (elsewhere: typeof FREE.elsewhere, changes = {}, now = NOW) =>
    planFor({ ...image, ...changes }, NIGHTLY, { ...look, elsewhere }, { ...terms, now });
  const unknown = { accounts: null, isMany: false };
  const many = { accounts: 9, isMany: true };
  t.match(plan(null), { do: "make-private", usedBy: undefined });
  t.match(plan(unknown), { do: "wait", reason: /has not answered yet$/ });
  t.match(plan(unknown, {}, NOW + DAY_MS), { do: "refuse", code: "usage-unknown" });
  t.match(plan({ accounts: 0, isMany: false }), { do: "make-private", usedBy: undefined });
  t.match(plan({ accounts: 2, isMany: false }), { do: "make-private", usedBy: 2 });
  t.match(plan(many), { do: "wait", reason: /a person is to decide$/ });
  t.match(plan(many, { releasedAt: NOW - MINUTE_MS }), { do: "make-private", usedBy: 9 }, "a person has let it go");
  const begun = { takenAway: { image: true, snapshots: [] } };
  t.match(plan(unknown, begun), { do: "make-private" }, "what was begun goes on");
  t.end();
});
