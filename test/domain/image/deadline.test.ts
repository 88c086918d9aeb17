import t from "tap";
import { deadlineOf, noticeLost, tellAnew } from "../../../src/domain/image/deadline.ts";
import type { EventKind } from "../../../src/domain/image/event.ts";
import type { Image } from "../../../src/domain/image/image.ts";
import { DAY_MS, type Instant } from "../../../src/domain/time.ts";
import { imageIn, MADE_PRIVATE_AT, NOW, PERIODS } from "../../support/world/image.ts";

const UNTOLD = imageIn("private", { noticedAt: null, deleteAt: null });
const AS_FOUND: Image = { ...UNTOLD, uploadedAt: NOW };
const RELEASED: Image = { ...UNTOLD, releasedAt: NOW };
/** Ten days from the notice, and three. */
const WHOLE = NOW + 10 * DAY_MS;
const THREE = NOW + 3 * DAY_MS;

type Row = readonly [string, Image, EventKind, Instant, Instant | null];

const TABLE: readonly Row[] = [
  ["made private: ten days from the notice", UNTOLD, "made-private", MADE_PRIVATE_AT, WHOLE],
  [
    "an act after its notice: from the act",
    { ...UNTOLD, madePrivateAt: NOW + 1000 },
    "made-private",
    NOW + 1000,
    WHOLE + 1000,
  ],
  [
    "an act that has not come yet: a wrong clock's",
    { ...UNTOLD, madePrivateAt: NOW + DAY_MS },
    "made-private",
    NOW + DAY_MS,
    WHOLE,
  ],
  [
    "a date that the public was given",
    { ...UNTOLD, promisedAt: WHOLE + 1 },
    "made-private",
    MADE_PRIVATE_AT,
    WHOLE + 1,
  ],
  [
    "released, and a date that the public was given",
    { ...RELEASED, promisedAt: WHOLE + 1 },
    "released",
    NOW,
    WHOLE + 1,
  ],
  [
    "found again, and a date that the public was given",
    { ...AS_FOUND, promisedAt: WHOLE + 1 },
    "found-again",
    NOW,
    WHOLE + 1,
  ],
  [
    "made private after a hold: not before its floor",
    { ...UNTOLD, earliestDeleteAt: WHOLE + 1 },
    "made-private",
    MADE_PRIVATE_AT,
    WHOLE + 1,
  ],
  ["a floor that is over", { ...UNTOLD, earliestDeleteAt: NOW }, "made-private", MADE_PRIVATE_AT, WHOLE],
  ["an earlier act of making it private", UNTOLD, "made-private", MADE_PRIVATE_AT - 1, null],
  ["made private, and released since", RELEASED, "made-private", MADE_PRIVATE_AT, null],
  ["released without a date of before", RELEASED, "released", NOW, WHOLE],
  ["released, its old date past", { ...RELEASED, earliestDeleteAt: NOW }, "released", NOW, THREE],
  ["released, its old date to come", { ...RELEASED, earliestDeleteAt: THREE + 1 }, "released", NOW, THREE + 1],
  ["an earlier release", RELEASED, "released", NOW - 1, null],
  ["found again", AS_FOUND, "found-again", NOW, WHOLE],
  ["found again in the moment of its tag", { ...AS_FOUND, madePrivateAt: NOW }, "found-again", NOW, WHOLE],
  ["found again, and entered at another time", UNTOLD, "found-again", NOW, null],
  ["found again, and made private since", { ...AS_FOUND, madePrivateAt: NOW + 1 }, "found-again", NOW, null],
  ["found again, and released since", { ...AS_FOUND, releasedAt: NOW + 1 }, "found-again", NOW, null],
  ["something that gives no date", UNTOLD, "noticed", MADE_PRIVATE_AT, null],
  ["never made private", { ...UNTOLD, madePrivateAt: null }, "made-private", MADE_PRIVATE_AT, null],
  ["never made private, and released", { ...RELEASED, madePrivateAt: null }, "released", NOW, null],
];

t.test("what is told anew gives all days, to an image that is still what was told", (t) => {
  const floor = { ...RELEASED, earliestDeleteAt: WHOLE + 1 };
  for (const [image, expected] of [
    [UNTOLD, WHOLE],
    [{ ...UNTOLD, promisedAt: WHOLE + 1 }, WHOLE + 1],
    [floor, WHOLE + 1],
  ] as const) {
    const event = tellAnew(image, NOW)?.event ?? null;
    if (event === null) throw new Error("not told");
    t.equal(deadlineOf(image, event, NOW, PERIODS), expected);
    const since = [{ releasedAt: NOW + 1000 }, { madePrivateAt: NOW + 1000, releasedAt: null }];
    for (const moved of since) t.equal(deadlineOf({ ...image, ...moved }, event, NOW, PERIODS), null);
  }
  for (const other of [imageIn("private", { noticedAt: NOW }), { ...UNTOLD, madePrivateAt: null }, imageIn("held")])
    t.equal(tellAnew(other, NOW), null);
  t.match(tellAnew(UNTOLD, NOW), { event: { details: { snapshots: "2" } } });
  t.match(tellAnew({ ...UNTOLD, takenAway: null }, NOW), { event: { details: { snapshots: "" } } });
  t.equal(tellAnew({ ...RELEASED, madePrivateAt: null }, NOW), null, "nothing says that it is private");
  t.end();
});

t.test("a notice that the public can read no more counts for nothing where an image is still private", (t) => {
  const told = imageIn("private");
  const earliestDeleteAt = told.deleteAt;
  t.strictSame(noticeLost(told, NOW)?.fields, { noticedAt: null, deleteAt: null, earliestDeleteAt }, "its date stands");
  for (const stage of ["deleting", "restoring", "deleted"] as const)
    t.equal(noticeLost(imageIn(stage), NOW), null, stage);
  t.end();
});

t.test("a notice gives the date that its event asks for, and none if the image has moved on", (t) => {
  for (const [what, image, kind, at, expected] of TABLE)
    t.equal(deadlineOf(image, { what: kind, at }, NOW, PERIODS), expected, what);
  t.end();
});
