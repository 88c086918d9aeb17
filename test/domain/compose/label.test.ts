import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import t from "tap";
import { formatLabel, MILESTONES, parseLabel } from "../../../src/domain/compose/compose.ts";
import { holds, record } from "../../support/random/property.ts";

t.test("a label is a milestone of productmd's and two numbers, kept as they were written", (t) => {
  const rows = [
    ["RC-1.2", "RC", "1", "2"],
    ["RC-1.14", "RC", "1", "14"],
    ["Beta-1.5", "Beta", "1", "5"],
    ["Alpha-1.4", "Alpha", "1", "4"],
    ["RC-20180410.0", "RC", "20180410", "0"],
    ["RC-00000001.00", "RC", "00000001", "00"],
    ["Update-1.0", "Update", "1", "0"],
    ["SecurityFix-2.1", "SecurityFix", "2", "1"],
    ["EA-1.0", "EA", "1", "0"],
    ["DevelPhaseExit-1.0", "DevelPhaseExit", "1", "0"],
    ["InternalAlpha-1.0", "InternalAlpha", "1", "0"],
    ["InternalSnapshot-1.0", "InternalSnapshot", "1", "0"],
    ["Snapshot-3.0", "Snapshot", "3", "0"],
  ] as const;
  for (const [label, milestone, major, minor] of rows) {
    t.same(parseLabel(label), { ok: true, value: { milestone, major, minor } }, label);
    t.equal(formatLabel({ milestone, major, minor }), label);
  }
  t.same([...new Set(rows.map(([, milestone]) => milestone))].sort(), [...MILESTONES].sort(), "every milestone");
  t.end();
});

t.test("what is no label is refused with the value", (t) => {
  const refused = [
    "",
    "GA",
    "RC",
    "RC-1",
    "RC-1.",
    "RC-.1",
    "rc-1.2",
    "Rc-1.2",
    "RC 1.2",
    "RC-1.2.3",
    "RC-1.2 ",
    "1.2",
  ];
  const odd = ["RC-1.2\n", "RC--1.2", "RC-a.b", "RC-１.２", "Final-1.2", "GA-1.2", "constructor-1.2", "RC-1,2"];
  for (const label of [...refused, ...odd])
    t.same(
      parseLabel(label),
      { ok: false, reason: `label ${JSON.stringify(label)} is not <milestone>-<number>.<number>` },
      JSON.stringify(label),
    );
  const long = parseLabel(`RC-${"1".repeat(5_000)}.0`);
  t.equal(long.ok ? "read" : long.reason.length < 150, true, "a long one is refused in a short sentence");
  t.end();
});

t.test("every label is read back as it was written", (t) => {
  const digits = fc.stringMatching(/^\d{1,20}$/);
  const label = record({ milestone: fc.constantFrom(...MILESTONES), major: digits, minor: digits });
  const isReadBack = fc.property(label, (value) =>
    isDeepStrictEqual(parseLabel(formatLabel(value)), { ok: true, value }),
  );
  holds(t, isReadBack);
  t.end();
});
