import fc from "fast-check";
import t from "tap";
import {
  ceilSecond,
  DAY_MS,
  dayOf,
  describeWhen,
  floorSecond,
  formatDuration,
  formatInstant,
  HOUR_MS,
  isCalendarDate,
  MINUTE_MS,
  parseDuration,
  parseInstant,
  SECOND_MS,
  toScore,
} from "../../src/domain/time.ts";
import { holds } from "../support/random/property.ts";

const YEAR_2100 = Date.UTC(2100, 0, 1);
const anInstant = fc.integer({ min: 0, max: YEAR_2100 });

t.test("a sent-at header is read in every form that publishers write", (t) => {
  const at = Date.UTC(2024, 8, 12, 1, 55, 5);
  const forms = [
    ["2024-09-12T01:55:05+00:00", at],
    ["2024-09-12T01:55:05Z", at],
    ["2024-09-12 01:55:05Z", at],
    ["2024-09-12T03:55:05+02:00", at],
    ["2024-09-11T21:25:05-0430", at],
    ["2024-09-12T01:55:05.25Z", at + 250],
    ["2024-09-12T01:55:05.123456789+00:00", at + 123],
    ["2024-02-29T00:00:00Z", Date.UTC(2024, 1, 29)],
    ["1970-01-01T00:00:00Z", 0],
    ["9999-12-31T23:59:59Z", Date.UTC(9999, 11, 31, 23, 59, 59)],
  ] as const;
  for (const [text, expected] of forms) t.equal(parseInstant(text), expected, text);
  t.end();
});

t.test("what is no instant is refused, not guessed", (t) => {
  const refused = [
    "",
    "now",
    "1573293600",
    "2024-09-12",
    "2024-09-12T01:55Z",
    "2024-09-12T01:55:05",
    "2024-09-12T01:55:05 CET",
    "2024-09-12T01:55:05+99:99",
    "2024-09-12T25:00:00Z",
    "2024-09-12T23:60:00Z",
    "2024-09-12T23:59:60Z",
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-09-12T01:55:05Z\n",
    " 2024-09-12T01:55:05Z",
    "+012024-09-12T01:55:05Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59-01:00",
    "Thu, 12 Sep 2024 01:55:05 GMT",
  ];
  for (const text of refused) t.equal(parseInstant(text), null, JSON.stringify(text));
  t.end();
});

t.test("an instant that was written is read back as it was", (t) => {
  t.equal(formatInstant(Date.UTC(2026, 10, 24, 22)), "2026-11-24T22:00:00Z");
  t.equal(formatInstant(Date.UTC(2026, 10, 24, 22) + 7), "2026-11-24T22:00:00.007Z");
  holds(
    t,
    fc.property(anInstant, (at) => parseInstant(formatInstant(at)) === at),
  );
  t.end();
});

t.test("a deadline in whole seconds never comes early, an upload's time never late", (t) => {
  const rows = [
    [0, 0, 0],
    [1, 1, 0],
    [999, 1, 0],
    [1000, 1, 1],
    [1001, 2, 1],
  ] as const;
  for (const [at, score, whole] of rows) t.same([toScore(at), floorSecond(at) / 1000], [score, whole], `${at} ms`);
  holds(
    t,
    fc.property(anInstant, (at) => ceilSecond(at) >= at && ceilSecond(at) < at + 1000),
  );
  holds(
    t,
    fc.property(anInstant, (at) => floorSecond(at) <= at && floorSecond(at) > at - 1000),
  );
  t.end();
});

t.test("a hold without an end waits for ever", (t) => {
  t.equal(toScore(Infinity), Infinity);
  t.end();
});

t.test("a day is a UTC day", (t) => {
  t.equal(dayOf(Date.parse("2026-11-24T23:59:59.999Z")), "2026-11-24");
  t.equal(dayOf(Date.parse("2026-11-25T00:00:00+01:00")), "2026-11-24");
  t.end();
});

t.test("only days of the calendar are dates", (t) => {
  const days = ["20180410", "20240229", "20000229", "19700101", "20261231"];
  const others = ["20180229", "19000229", "20181301", "20180431", "20180400", "20180010", "00000000", "00990101", "9"];
  for (const day of days) t.ok(isCalendarDate(day), day);
  for (const text of [...others, "2018041", "201804100", "2018-4-1", "２０１８０４１０", "20180410\n"])
    t.notOk(isCalendarDate(text), JSON.stringify(text));
  t.end();
});

t.test("a duration is a whole number and one unit, ten years at most", (t) => {
  const good = [
    ["0s", 0],
    ["90s", 90_000],
    ["5m", 300_000],
    ["36h", 129_600_000],
    ["10d", 864_000_000],
    ["3650d", 3650 * DAY_MS],
  ] as const;
  for (const [text, ms] of good) t.equal(parseDuration(text), ms, text);
  const bad = ["", "10", "d", "1.5d", "-1d", "1w", "1 d", "10D", "10d ", "1d2h", "3651d", "999999999d", "constructor"];
  for (const text of bad) t.equal(parseDuration(text), null, JSON.stringify(text));
  t.end();
});

t.test("a duration is shown in the largest unit that states it exactly", (t) => {
  const rows = [
    [10 * DAY_MS, "10d"],
    [129_600_000, "36h"],
    [90_000, "90s"],
    [300_000, "5m"],
    [10_000, "10s"],
    [1_500, "2s"],
    [0, "0s"],
  ] as const;
  for (const [ms, text] of rows) t.equal(formatDuration(ms), text);
  const wholeSeconds = fc.integer({ min: 0, max: 3650 * 86_400 });
  holds(
    t,
    fc.property(wholeSeconds, (seconds) => parseDuration(formatDuration(seconds * 1000)) === seconds * 1000),
  );
  t.end();
});

t.test("how far an instant is away is said in its two largest units", (t) => {
  const now = Date.UTC(2026, 10, 24, 22);
  const rows = [
    [0, "now"],
    [999, "now"],
    [1000, "in 1s"],
    [59 * SECOND_MS, "in 59s"],
    [MINUTE_MS, "in 1m"],
    [61 * SECOND_MS, "in 1m 1s"],
    [HOUR_MS, "in 1h"],
    [HOUR_MS + 5 * SECOND_MS, "in 1h"],
    [25 * HOUR_MS + 59 * MINUTE_MS, "in 1d 1h"],
    [DAY_MS + 5 * MINUTE_MS, "in 1d"],
    [10 * DAY_MS - SECOND_MS, "in 9d 23h"],
  ] as const;
  for (const [awayMs, text] of rows) {
    t.equal(describeWhen(now + awayMs, now), `${formatInstant(now + awayMs)} (${text})`);
    t.equal(describeWhen(now - awayMs, now), `${formatInstant(now - awayMs)} (${text.replace(/^in (.*)/, "$1 ago")})`);
  }
  t.end();
});

t.test("a day that only another month or year has is none, and the last instant with a date is one", (t) => {
  for (const text of ["20260132", "20260230", "20260431", "20261301", "20260001", "20260100", "2026012"])
    t.equal(isCalendarDate(text), false, text);
  for (const text of ["20260131", "20240229", "20261231"]) t.equal(isCalendarDate(text), true, text);
  t.equal(parseInstant("9999-12-31T23:59:59.999Z"), Date.UTC(10_000, 0, 1) - 1);
  t.equal(
    parseInstant("2026-01-01T00:00:00.1239Z"),
    Date.UTC(2026, 0, 1) + 123,
    "what is finer than a millisecond is cut",
  );
  for (const text of ["1w", "d", "10", "", "1.5h"]) t.equal(parseDuration(text), null, text);
  t.end();
});
