import t from "tap";
import type { ArchivedMessage } from "../../../src/demo/outside/datagrepper/archive.ts";
import { DAY_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import type { Message } from "../../../src/ports/index.ts";
import { collect, DAY, nested, NOW, open, row, rows, start } from "../../support/outside/datagrepper.ts";
import { SettableClock } from "../../support/world/clock.ts";

const WHOLE_DAY = { categories: ["fedimg"], start: DAY, end: DAY + DAY_MS };
const minutely = rows(250, (number) => DAY + number * MINUTE_MS);

type Read = Message & { readonly unreadable?: string };
const goodIds = (read: readonly Read[]): string[] =>
  [...new Set(read.flatMap((each) => (each.unreadable === undefined ? [each.messageId] : [])))].sort();
const lost = (read: readonly Read[]): Read[] => read.filter(({ unreadable }) => unreadable !== undefined);
const ids = (messages: readonly ArchivedMessage[]): string[] => messages.map(({ id }) => id).sort();

t.test("NaN and Infinity in a row are read as Python reads them, and come out as they were", async (t) => {
  const odd = row(900, DAY + MINUTE_MS / 2, { body: { x: NaN, y: [-Infinity, 'NaN "NaN" \\'] } });
  const double = await start(t, { messages: [...minutely, odd] });
  const read = await collect(open(double).messages(WHOLE_DAY));
  t.equal(read.length, 251);
  const body = read.find(({ messageId }) => messageId === "id-900")?.body.toString();
  t.equal(body, '{"x":NaN,"y":[-Infinity,"NaN \\"NaN\\" \\\\"]}');
});

t.test(
  "a row that makes datagrepper fail is told by its second, the same at each reading; all others are read",
  async (t) => {
    const bad = [7.5, 7.5, 120.2, 249.5].map((minute, number) =>
      row(900 + number, DAY + minute * MINUTE_MS, { body: nested(3_000) }),
    );
    const double = await start(t, { messages: [...minutely, ...bad] });
    const read: Read[] = await collect(open(double).messages(WHOLE_DAY));
    t.same(goodIds(read), ids(minutely));
    const bodies = [...new Set(lost(read).map(({ body }) => body.toString()))].sort();
    t.same(
      bodies.map((body) => JSON.parse(body) as object),
      [
        ["2026-11-20T00:07:30Z", 1],
        ["2026-11-20T00:07:30Z", 2],
        ["2026-11-20T02:00:12Z", 1],
        ["2026-11-20T04:09:30Z", 1],
      ].map(([second, number]) => ({ second, unreadable_row: number, filter: "category=fedimg" })),
    );
    t.match(lost(read)[0]?.unreadable, /page \d+ of 1 row, category=fedimg\) answered 500/);
    const later: Read[] = await collect(open(double).messages({ ...WHOLE_DAY, start: DAY + 3 * MINUTE_MS }));
    t.same([...new Set(lost(later).map(({ body }) => body.toString()))].sort(), bodies, "also from another start");
  },
);

t.test("one row that fails in the middle of a busy second costs none of the others", async (t) => {
  const busy = rows(230, () => DAY + 5_000);
  for (const isTieOrderChanging of [false, true]) {
    const bad = row(900, DAY + 5_000, { body: nested(3_000) });
    const double = await start(t, { messages: [...busy, bad], isTieOrderChanging });
    const read: Read[] = await collect(open(double).messages(WHOLE_DAY));
    t.same(goodIds(read), ids(busy));
    t.ok(lost(read).length >= 1);
    if (!isTieOrderChanging) t.equal(new Set(lost(read).map(({ body }) => body.toString())).size, 1);
  }
});

t.test("too much on a page is read in fewer rows; a row that is too long by itself is named", async (t) => {
  const large = rows(100, (number) => DAY + number * 1_000).map((each) => ({
    ...each,
    body: { pad: "x".repeat(200_000) },
  }));
  const many = row(900, DAY + 50_500, { body: { pad: Array.from({ length: 2_500_000 }, () => 1_234_567) } });
  const long = row(901, DAY + 60_500, { body: { pad: "y".repeat(17_000_000) }, headers: null });
  const double = await start(t, { messages: [...large, many, long] });
  const read: Read[] = await collect(open(double).messages(WHOLE_DAY));
  t.same(goodIds(read), ids(large));
  t.match(
    lost(read).map(({ messageId, topic }) => [messageId, topic]),
    [
      ["id-900", /fedimg/],
      ["id-901", /fedimg/],
    ],
  );
});

t.test("a database that is only slow makes no row unreadable", async (t) => {
  for (const trouble of [{ kind: "cut" }, { kind: "gateway", status: 502 }] as const) {
    const double = await start(t, { messages: minutely });
    // Whatever gives rows is too slow; what only counts them is not.
    double.fail({ trouble, times: Infinity, when: (_, query) => query.get("page") !== "1000000" });
    const clock = new SettableClock(NOW);
    const read = collect(open(double, { clock }).messages({ ...WHOLE_DAY, end: DAY + 5 * MINUTE_MS }));
    await t.rejects(read, { name: "UpstreamError", service: "datagrepper" });
  }
});

t.test("too much for the database is asked for twice at the most, and then made smaller", async (t) => {
  const double = await start(t, { messages: minutely });
  const isLong = (query: URLSearchParams): boolean => Number(query.get("end")) - Number(query.get("start")) > 7_200;
  double.fail({ trouble: { kind: "cut" }, times: Infinity, when: (_, query) => isLong(query) });
  t.same(goodIds(await collect(open(double).messages(WHOLE_DAY))), ids(minutely));
  t.ok(double.journal.filter(({ status }) => status === null).length <= 3, "twice, and once counted");
});

t.test("an unreadable or foreign sent-at is put right by what the archive has", async (t) => {
  const sentAts = ["2026-11-20 00:00:01", "20261120T000002Z", "last tuesday", "2019-01-01T00:00:00Z", 7, undefined];
  const messages = sentAts.map((sentAt, number) =>
    row(1_000 + number, DAY + (number + 1) * 1_000, { headers: sentAt === undefined ? null : { "sent-at": sentAt } }),
  );
  const double = await start(t, { messages: [...messages, ...rows(300, (n) => DAY + DAY_MS / 2 + n * 1_000)] });
  const read = await collect(open(double).messages(WHOLE_DAY));
  t.equal(new Set(read.map(({ messageId, body }) => `${messageId} ${body.toString()}`)).size, 306);
});

t.test("429 and 503 with Retry-After: nobody asks before, and not for ever", async (t) => {
  for (const [status, after, least, most] of [
    [429, "90", 90_000, 100_000],
    [503, "86400", 300_000, 310_000],
  ] as const) {
    const double = await start(t, { messages: minutely.slice(0, 3) });
    double.fail({ trouble: { kind: "answer", status, body: "busy", headers: { "retry-after": after } } });
    const clock = new SettableClock(NOW);
    await collect(open(double, { clock }).messages(WHOLE_DAY));
    const waited = clock.now() - NOW;
    t.ok(waited >= least && waited <= most, `${waited} ms`);
  }
});
