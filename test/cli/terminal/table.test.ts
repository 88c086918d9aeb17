import t from "tap";
import { visible } from "../../../src/cli/terminal/show.ts";
import { fit, Table, type Column } from "../../../src/cli/terminal/table.ts";
import { away, utc } from "../../../src/cli/terminal/when.ts";
import { iso } from "../../../src/inspect/json.ts";
import { cut, pad, widthOf } from "../../../src/cli/terminal/width.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../src/domain/time.ts";

const COLUMNS: readonly Column[] = [
  { name: "A", least: 5, most: 10, rank: 0 },
  { name: "B", least: 8, most: 8, rank: 2 },
  { name: "C", least: 4, most: 30, rank: 1 },
];

t.test("columns are dropped by rank until the rest fits, and widened as far as there is room", (t) => {
  t.same(fit(COLUMNS, 80), [10, 8, 30]);
  t.same(fit(COLUMNS, 25), [10, 8, 5]);
  t.same(fit(COLUMNS, 19), [5, 8, 4]);
  t.same(fit(COLUMNS, 18), [10, 0, 7]);
  t.same(fit(COLUMNS, 9), [9, 0, 0]);
  t.same(fit(COLUMNS, 3), [3, 0, 0], "something is always seen");
  t.end();
});

t.test("no line is wider than the screen, whatever stands in it", (t) => {
  const cells = ["日本語のイメージ", "👩‍🚀🚀🚀🚀🚀🚀", "e\u0301e\u0301e\u0301 \u001b[31mred\u0007 ".repeat(9)];
  for (let columns = 3; columns < 90; columns += 1) {
    const screen = { columns, rows: 24, isColoured: false };
    const table = new Table(COLUMNS, screen);
    for (const line of [table.head(), table.row(cells)]) {
      t.ok(widthOf(line) <= columns, `${columns}: ${line}`);
      t.notMatch(line, /[\u0000-\u001f]/);
    }
  }
  t.equal(new Table(COLUMNS, null).row(["x".repeat(40), "b", "c"]), `${"x".repeat(40)} b        c`, "nothing is cut");
  t.end();
});

t.test("a text that is told whole goes below its row where it has no room, and nothing of it is lost", (t) => {
  const columns: readonly Column[] = [
    { name: "ID", least: 5, most: 5, rank: 0 },
    { name: "WHY", least: 12, most: 40, rank: 1, isWhole: true },
  ];
  const why = "somebody asked for it on the list, twice";
  const at = (width: number, text = why) =>
    new Table(columns, { columns: width, rows: 9, isColoured: false }).row(["abcde", text]).split("\n");
  t.same(at(60), [`abcde ${why}`]);
  t.same(
    at(30),
    ["abcde", "  somebody asked for it on the", "  list, twice"].map((line) => line),
  );
  t.same(at(10, "no"), ["abcde", "  no"]);
  t.same(at(10, ""), ["abcde"]);
  for (let width = 3; width < 60; width += 1)
    for (const line of at(width, "日本語のイメージ x".repeat(4))) t.ok(widthOf(line) <= width, `${width}: ${line}`);
  t.end();
});

t.test("wide characters take two cells, combining ones none, and a cut is told", (t) => {
  t.same(["abc", "日本", "e\u0301", "🚀", ""].map(widthOf), [3, 4, 1, 2, 0]);
  t.equal(cut("日本語", 4), "日…");
  t.equal(cut("日本語", 6), "日本語");
  t.equal(cut("abcdef", 3), "ab…");
  t.equal(pad("日", 4), "日  ");
  t.end();
});

t.test("colours stand in a line only where they are wanted", (t) => {
  const cell = { text: "x", style: "red" } as const;
  const row = (isColoured: boolean) => new Table(COLUMNS, { columns: 40, rows: 9, isColoured }).row([cell, "b", "c"]);
  t.match(row(true), /^\u001b\[31mx +\u001b\[0m b/);
  t.equal(row(false), "x          b        c");
  t.end();
});

t.test("how far away an instant is, in at most ten cells", (t) => {
  const now = Date.parse("2026-11-24T08:00:00Z");
  const rows: readonly (readonly [number, string])[] = [
    [0, "now"],
    [9 * DAY_MS + 23 * HOUR_MS, "in 9d23h"],
    [-3 * HOUR_MS - 5 * MINUTE_MS, "3h5m ago"],
    [59 * SECOND_MS, "in 59s"],
    [-99 * DAY_MS - 23 * HOUR_MS, "99d23h ago"],
    [400 * DAY_MS + HOUR_MS, "in 400d"],
    [Infinity, ""],
    [-Infinity, ""],
  ];
  for (const [ms, text] of rows) t.equal(away(now + ms, now), text);
  for (let ms = 1; ms < 10_000 * DAY_MS; ms = ms * 3 + 7) t.ok(away(now - ms, now).length <= 10);
  t.same([utc(now + 999), utc(Infinity), utc(-Infinity), utc(1e300)], ["2026-11-24T08:00:00Z", "-", "?", "?"]);
  t.same([iso(1e300), iso(null)], [null, null]);
  t.end();
});

t.test("a body is shown as it is, but for what a terminal would obey", (t) => {
  t.equal(visible(Buffer.from('{"a": "ü\u001b]0;owned\u0007"}\n\u202e')), '{"a": "ü\\u{1b}]0;owned\\u{7}"}\n\\u{202e}');
  t.equal(visible(Buffer.from([0x41, 0xff, 0x1b, 0x0a])), "A\\xff\\x1b\n");
  t.end();
});
