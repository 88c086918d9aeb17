import t from "tap";
import type { ArchivedMessage } from "../../../src/demo/outside/datagrepper/archive.ts";
import { generateMonth } from "../../../src/demo/outside/datagrepper/month.ts";
import { DAY_MS, HOUR_MS } from "../../../src/domain/time.ts";
import {
  collect,
  DAY,
  NOW,
  open,
  PUNGI_TOPIC,
  row,
  rows,
  start,
  TOPIC,
  UPLOADER_TOPIC,
} from "../../support/outside/datagrepper.ts";
import { sample } from "../../support/world/inputs/messages.ts";

const S = DAY / 1000;
const WHOLE_DAY = { categories: ["fedimg"], start: DAY, end: DAY + DAY_MS };
const numbers = (messages: readonly { readonly body: Buffer }[]) =>
  messages.map(({ body }) => (JSON.parse(body.toString()) as { number: number }).number);
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);
const distinct = (messages: readonly { readonly body: Buffer }[]) =>
  [...new Set(numbers(messages))].sort((a, b) => a - b);

t.test("a range is read in slices of at most a day, page by page, oldest first, each message once", async (t) => {
  const messages = rows(360, (number) => DAY + number * HOUR_MS * 0.2);
  const double = await start(t, { messages: messages.toReversed() });
  const read = await collect(open(double).messages({ categories: ["fedimg"], start: DAY, end: DAY + 3 * DAY_MS }));
  t.same(numbers(read), upTo(360));
  // Per day: the first page, the rest from the second on in which it ends, and the count of them all.
  const last = 99 * HOUR_MS * 0.2;
  t.same(
    double.journal
      .map(({ query }) => new URLSearchParams(query))
      .map((each) => [Number(each.get("start")) * 1000 - DAY, each.get("rows_per_page")]),
    [0, 1, 2].flatMap((day) => [
      [day * DAY_MS, "100"],
      [day * DAY_MS + last, "100"],
      [day * DAY_MS, "1"],
    ]),
  );
  for (const { query, path, method, userAgent } of double.journal) {
    t.same([method, path, userAgent], ["GET", "/v2/search", "clean-amis/test"]);
    t.match(
      query,
      /^\?start=\d+&end=\d+\.999999&category=fedimg&rows_per_page=(?:1&page=1000000|100&page=1)&order=asc$/,
    );
  }
});

t.test("the start belongs to a range and the end does not, to the microsecond", async (t) => {
  const end = DAY + 2000;
  const messages = [DAY - 0.001, DAY, end - 0.001, end].map((at, number) => row(number, at));
  const double = await start(t, { messages });
  t.same(numbers(await collect(open(double).messages({ topics: [TOPIC], start: DAY, end }))), [1, 2]);
  t.same(numbers(await collect(open(double).messages({ topics: [TOPIC], start: 0, end: 2 * DAY_MS }))), []);
  for (const { query } of double.journal) t.notMatch(query, /start=0&/, "a start of 0 would switch the range off");
});

t.test("both forms give the same messages: topic, id, headers with sent-at, body, arrival", async (t) => {
  const headers = { fedora_messaging_schema: "base.message", "sent-at": "2026-11-20T00:00:00+00:00" };
  const messages = [
    row(0, DAY, { headers }),
    row(1, DAY + 61_000),
    row(2, DAY + 62_000, { headers: null, isOld: true }),
  ];
  const double = await start(t, { messages });
  for (const form of ["raw", "v2"] as const) {
    const read = await collect(open(double, { form, url: `${double.url}/` }).messages(WHOLE_DAY));
    t.match(read[0], { topic: TOPIC, messageId: "id-0", headers, arrivedAt: NOW });
    t.equal(read[0]?.body.toString(), '{"number":0}');
    t.same(
      read.map((each) => Date.parse(String(each.headers["sent-at"])) - DAY),
      [0, 61_000, 62_000],
      form,
    );
    t.equal(read[1]?.headers["priority"], 0);
  }
  t.same(
    double.journal.map(({ path }) => path),
    ["/raw", "/v2/search"],
  );
});

t.test("the recorded items of 2017, of today's /raw and of /v2/search are read as they were sent", async (t) => {
  const double = await start(t);
  for (const [id, form] of [
    ["datagrepper-raw-item", "raw"],
    ["datagrepper-raw-item-now", "raw"],
    ["datagrepper-v2-item", "v2"],
  ] as const) {
    const { topic, body: item } = sample(id);
    const sent = (item["headers"] as Readonly<Record<string, string>> | undefined)?.["sent-at"];
    const at = sent === undefined ? DAY : Math.floor(Date.parse(sent) / 1000) * 1000;
    double.fail({ trouble: { kind: "answer", status: 200, body: { total: 1, pages: 1, raw_messages: [item] } } });
    const [message] = await collect(open(double, { form }).messages({ topics: [topic], start: at, end: at + 1000 }));
    t.equal(message?.topic, topic);
    t.equal(message?.messageId, item["msg_id"] ?? item["id"]);
    t.same(JSON.parse(message?.body.toString() ?? ""), item["msg"] ?? item["body"]);
    const sentAt = { "datagrepper-raw-item": "2017-02-06T06:43:39Z" }[id as string];
    t.same(message?.headers, sentAt === undefined ? item["headers"] : { "sent-at": sentAt });
  }
});

t.test("nothing is lost among equal timestamps, whatever their order on each page", async (t) => {
  for (const count of [100, 101, 250, 1_000]) {
    const double = await start(t, { messages: rows(count, () => DAY + 5000) });
    for (const form of ["raw", "v2"] as const)
      t.same(distinct(await collect(open(double, { form }).messages(WHOLE_DAY))), upTo(count), `${count} in a second`);
  }
  const second = { topics: [TOPIC], start: DAY + 5000, end: DAY + 6000 };
  const full = await start(t, { messages: rows(1_000, () => DAY + 5000) });
  t.same(distinct(await collect(open(full).messages(second))), upTo(1_000), "a range of one second");
  const nameless = upTo(150).map((number) => row(number, DAY + 5000 + number / 1000, { id: "" }));
  const unnamed = await start(t, { messages: nameless });
  t.same(distinct(await collect(open(unnamed).messages(second))), upTo(150), "even without ids");
  const bursts = await start(t, { messages: rows(1_500, (number) => DAY + Math.floor(number / 30) * 60_000) });
  t.same(distinct(await collect(open(bursts).messages(WHOLE_DAY))), upTo(1_500));
});

t.test("nothing is lost while pages grow: what is added to a slice that is being read is read, too", async (t) => {
  for (const at of [DAY, DAY + 1, DAY + 3 * HOUR_MS, DAY + DAY_MS - 1]) {
    const double = await start(t, { messages: rows(450, (number) => DAY + number * 60_000) });
    let added = 0;
    double.onCall(() => {
      if (added < 7) double.add(row(1_000 + added, at));
      added += 1;
    });
    const read = distinct(await collect(open(double).messages(WHOLE_DAY)));
    t.same(
      read.filter((number) => number < 1_000),
      upTo(450),
    );
    t.ok(read.includes(1_000), "added after the first page");
  }
});

t.test("a row pushed off a full last page, between the server's count and its answer, is not lost", async (t) => {
  const messages = rows(101, (number) => DAY + number * 1000);
  const double = await start(t, { messages });
  const items = messages
    .slice(0, 100)
    .map(({ id, topic, body, at }) => ({ msg_id: id, topic, msg: body, timestamp: at / 1000 }));
  double.fail({ trouble: { kind: "answer", status: 200, body: { total: 100, pages: 1, raw_messages: items } } });
  t.same(distinct(await collect(open(double, { form: "raw" }).messages(WHOLE_DAY))), upTo(101));
});

t.test("an id that was stored twice with different times does not stop the reading", async (t) => {
  const at = (number: number): number => DAY + number * 1000;
  const twice = (number: number): ArchivedMessage[] => [row(number, at(number)), row(number, at(number) + 300)];
  const double = await start(t, { messages: upTo(150).flatMap(twice) });
  t.same(distinct(await collect(open(double).messages(WHOLE_DAY))), upTo(150));
});

t.test("a slice with very many rows is cut, and read with few calls and no repeats", async (t) => {
  const month = generateMonth({ seed: 3, count: 30_000, start: DAY, days: 2, regions: 1 });
  const double = await start(t, { messages: month });
  const ids = new Set<string>();
  let repeats = 0;
  const range = { start: DAY, end: DAY + 2 * DAY_MS };
  for await (const { messageId } of open(double).messages({
    categories: ["fedimg", "fedora_image_uploader"],
    ...range,
  }))
    if (ids.has(messageId)) repeats += 1;
    else ids.add(messageId);
  const wanted = upTo(month.length).filter((index) =>
    /\.(?:fedimg|fedora_image_uploader)\./.test(month.topicAt(index)),
  );
  t.equal(ids.size, wanted.length);
  t.equal(repeats, 0);
  t.ok(double.journal.length < (1.5 * wanted.length) / 100, `${double.journal.length} calls`);
  const totals = double.journal.map(({ found }) => found?.total ?? 0).filter((total) => total > 2_000);
  t.ok(totals.length < 10, "the server is hardly ever made to count many");
});

t.test("topics and categories together mean either, and nothing asked for is nothing read", async (t) => {
  const double = await start(t, {
    messages: [
      row(0, DAY),
      row(1, DAY + 1, { topic: PUNGI_TOPIC }),
      row(2, DAY + 2, { topic: "org.fedoraproject.prod.pungi.compose.phase.start" }),
      row(3, DAY + 3, { topic: `${UPLOADER_TOPIC}.x86_64` }),
    ],
  });
  const query = { topics: [PUNGI_TOPIC], start: DAY, end: DAY + DAY_MS };
  t.same(numbers(await collect(open(double).messages({ ...query, categories: ["fedimg"] }))), [0, 1]);
  t.same(numbers(await collect(open(double).messages({ ...query, topics: [UPLOADER_TOPIC] }))), [], "exactly");
  const calls = double.journal.length;
  t.same(await collect(open(double).messages({ start: DAY, end: DAY + DAY_MS })), []);
  t.same(await collect(open(double).messages({ ...query, topics: [] })), []);
  t.same(await collect(open(double).messages({ ...query, start: query.end, end: query.start })), []);
  t.equal(double.journal.length, calls);
});

t.test(
  "a row that is no message comes with an empty topic, its id and itself as body, and the stream goes on",
  async (t) => {
    const deep = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`) as unknown;
    const good = { msg_id: "good", topic: TOPIC, msg: { a: 1 }, timestamp: S, headers: { "sent-at": "soon" } };
    const odd = [
      { msg_id: "no-topic", msg: {} },
      { msg_id: "no-body", topic: TOPIC },
      null,
      "text",
      { msg_id: 5, topic: 5 },
    ];
    const double = await start(t);
    double.fail({ trouble: { kind: "answer", status: 200, body: { total: 6, raw_messages: [...odd, good] } } });
    const read = await collect(open(double, { form: "raw" }).messages(WHOLE_DAY));
    t.same(
      read.map(({ topic, messageId }) => [topic, messageId]),
      [
        ["", "no-topic"],
        ["", "no-body"],
        ["", ""],
        ["", ""],
        ["", ""],
        [TOPIC, "good"],
      ],
    );
    t.same(
      read.slice(0, 5).map(({ body }) => JSON.parse(body.toString()) as unknown),
      odd,
    );
    t.equal(read[5]?.headers["sent-at"], "2026-11-20T00:00:00Z", "a sent-at that cannot be read is the archive's");
    const text = JSON.stringify({ total: 1, raw_messages: [{ ...good, msg: "DEEP" }] });
    const whole = text.replace('"DEEP"', `${"[".repeat(20_000)}${"]".repeat(20_000)}`);
    t.ok(Array.isArray(deep));
    double.fail({ trouble: { kind: "answer", status: 200, body: whole } });
    t.match(await collect(open(double, { form: "raw" }).messages(WHOLE_DAY)), [
      { messageId: "good", body: /nested too deeply/ },
    ]);
  },
);
