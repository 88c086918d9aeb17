import fc from "fast-check";
import t from "tap";
import {
  dayBound,
  isBegun,
  medianOf,
  regionBound,
  unusualReason,
  type BudgetLimits,
} from "../../../src/domain/limits/budget.ts";
import { DAY_MS, dayOf } from "../../../src/domain/time.ts";
import { holds, record } from "../../support/random/property.ts";
import { NOW, TAKEN } from "../../support/world/image.ts";

const SHIPPED: BudgetLimits = { maxDeletesPerDay: 500, maxPrivatePerDay: 1000, maxShareOfRegion: 0.2 };
const TODAY = dayOf(NOW);

const aKind = fc.constantFrom("private" as const, "delete" as const);
const noNumber = fc.constantFrom(NaN, Infinity, -Infinity, -1, 0, undefined as unknown as number);
const someCounts = fc.array(fc.nat(2000), { minLength: 1, maxLength: 30 });

/** What was done on the days before today: the first count is yesterday's. */
function actsBefore(counts: readonly number[]): ReadonlyMap<string, number> {
  return new Map(counts.map((count, index) => [dayOf(NOW - (index + 1) * DAY_MS), count]));
}

/** Fourteen days with as many acts each. */
function steady(count: number): readonly number[] {
  return Array.from({ length: 14 }, () => count);
}

t.test("each kind of act has the day's budget that the configuration names, and says so", (t) => {
  t.same(dayBound("delete", SHIPPED, TODAY), {
    most: 500,
    reason: "500 deletes on 2026-02-11 are the budget max_deletes_per_day",
  });
  t.same(dayBound("private", SHIPPED, TODAY), {
    most: 1000,
    reason: "1000 images made private on 2026-02-11 are the budget max_private_per_day",
  });
  t.end();
});

t.test("a region with fifty images or more has a share, at least one image and rounded down", (t) => {
  const rows = [
    [0, 0.2, undefined],
    [49, 0.2, undefined],
    [50, 0.2, 10],
    [54, 0.2, 10],
    [55, 0.2, 11],
    [4000, 0.2, 800],
    [50, 0.001, 1],
    [50, 1, 50],
  ] as const;
  for (const [live, share, most] of rows) {
    const bound = regionBound("delete", { ...SHIPPED, maxShareOfRegion: share }, "us-east-1", live, TODAY);
    t.equal(bound?.most, most, `${share} of ${live}`);
  }
  t.equal(
    regionBound("delete", SHIPPED, "us-east-1", 61, TODAY)?.reason,
    "12 deletes in us-east-1 on 2026-02-11 are the share max_share_of_region, 20 % of its 61 live images",
  );
  t.end();
});

t.test("a budget that is zero, absent or no number allows nothing, and no budget is ever more than its number", (t) => {
  holds(
    t,
    fc.property(aKind, noNumber, fc.integer({ min: 50, max: 9000 }), (kind, number, live) => {
      const limits = { maxDeletesPerDay: number, maxPrivatePerDay: number, maxShareOfRegion: number };
      return (
        dayBound(kind, limits, TODAY).most === 0 && regionBound(kind, limits, "us-east-1", live, TODAY)?.most === 0
      );
    }),
  );
  const numbers = record({
    maxDeletesPerDay: fc.double({ min: 0, max: 9000, noNaN: true }),
    maxPrivatePerDay: fc.double({ min: 0, max: 9000, noNaN: true }),
    maxShareOfRegion: fc.double({ min: 0.0001, max: 1, noNaN: true }),
  });
  holds(
    t,
    fc.property(numbers, fc.integer({ min: 50, max: 9000 }), (limits, live) => {
      const [deletes, privates] = [dayBound("delete", limits, TODAY).most, dayBound("private", limits, TODAY).most];
      const share = regionBound("delete", limits, "us-east-1", live, TODAY)?.most ?? Infinity;
      return (
        [deletes, privates, share].every(Number.isInteger) &&
        deletes <= limits.maxDeletesPerDay &&
        privates <= limits.maxPrivatePerDay &&
        share >= 1 &&
        share <= Math.max(1, limits.maxShareOfRegion * live)
      );
    }),
  );
  t.equal(regionBound("delete", SHIPPED, "us-east-1", NaN, TODAY)?.most, 0, "how many live is not known");
  t.end();
});

t.test("the median is the value in the middle, in whatever order the days come", (t) => {
  t.equal(medianOf([]), 0);
  t.equal(medianOf([7]), 7);
  t.equal(medianOf([9, 1, 2]), 2);
  t.equal(medianOf([9, 1, 2, 100]), 5.5);
  t.equal(medianOf([10, 9, 100]), 10, "by size, not by spelling");
  holds(
    t,
    fc.property(someCounts, (counts) => {
      const median = medianOf(counts);
      const [below, above] = [counts.filter((count) => count < median), counts.filter((count) => count > median)];
      return below.length * 2 <= counts.length && above.length * 2 <= counts.length;
    }),
  );
  holds(
    t,
    fc.property(someCounts, (counts) => medianOf(counts) === medianOf([...counts].reverse())),
  );
  t.end();
});

t.test("a day is unusual when it wants more than three times the median of the fourteen days before", (t) => {
  const acts = actsBefore(steady(30));
  t.equal(unusualReason("delete", 90, acts, NOW), null);
  t.equal(
    unusualReason("delete", 91, acts, NOW),
    "91 deletes wanted on 2026-02-11 are more than three times 30, the median of the fourteen days before",
  );
  t.equal(unusualReason("private", 90.5, acts, NOW)?.startsWith("90.5 images made private"), true);
  t.not(unusualReason("delete", NaN, acts, NOW), null, "how many are wanted is not known");
  holds(
    t,
    fc.property(fc.array(fc.nat(300), { minLength: 14, maxLength: 14 }), fc.nat(2000), (counts, wanted) => {
      const isUnusual = unusualReason("delete", wanted, actsBefore(counts), NOW) !== null;
      return isUnusual === (wanted > 20 && wanted > 3 * medianOf(counts));
    }),
  );
  t.end();
});

t.test("only the fourteen days before count: not today, and not the fifteenth", (t) => {
  const acts = new Map([...actsBefore([...steady(10), 9000, 9000]), [TODAY, 9000]]);
  t.equal(unusualReason("delete", 30, acts, NOW), null);
  t.match(unusualReason("delete", 31, acts, NOW), /more than three times 10,/);
  t.end();
});

t.test("with less than fourteen days on record no day is unusual", (t) => {
  t.equal(unusualReason("delete", 9000, new Map(), NOW), null);
  t.equal(unusualReason("delete", 9000, new Map([[TODAY, 8000]]), NOW), null);
  t.equal(unusualReason("delete", 9000, actsBefore(steady(10).slice(1)), NOW), null, "thirteen days");
  t.not(unusualReason("delete", 9000, actsBefore(steady(10)), NOW), null, "fourteen days");
  t.end();
});

t.test("once the record has begun, a day without acts counts as none", (t) => {
  const sparse = new Map([...actsBefore([100, 100, 100, 100, 100, 100]), [dayOf(NOW - 40 * DAY_MS), 100]]);
  t.match(unusualReason("delete", 21, sparse, NOW), /more than three times 0,/);
  t.end();
});

t.test("a day that wants twenty acts is never unusual", (t) => {
  t.equal(unusualReason("delete", 20, actsBefore(steady(0)), NOW), null);
  t.not(unusualReason("delete", 21, actsBefore(steady(0)), NOW), null);
  t.end();
});

t.test("an act that stands half done reserves nothing again, and no other is let off", (t) => {
  const rows = [
    ["private", { stage: "private", takenAway: null, madePrivateAt: null }, false],
    ["private", { stage: "private", takenAway: TAKEN, madePrivateAt: null }, true],
    ["private", { stage: "private", takenAway: TAKEN, madePrivateAt: NOW }, false],
    ["delete", { stage: "private", takenAway: TAKEN, madePrivateAt: null }, false],
    ["delete", { stage: "private", takenAway: TAKEN, madePrivateAt: NOW }, false],
    ["delete", { stage: "deleting", takenAway: null, madePrivateAt: NOW }, true],
    ["private", { stage: "deleting", takenAway: null, madePrivateAt: NOW }, true],
  ] as const;
  for (const [kind, record, begun] of rows) t.equal(isBegun(kind, record), begun, JSON.stringify([kind, record]));
  t.end();
});
