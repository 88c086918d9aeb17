import t from "tap";
import { Timeline } from "../../../src/demo/outside/datagrepper/archive.ts";
import { ask, row, rows, start } from "../../support/outside/datagrepper.ts";
import { DAY, NOW, PUNGI_TOPIC, TOPIC, UPLOADER_TOPIC } from "../../support/outside/datagrepper.ts";

const S = DAY / 1000;
const NOW_S = NOW / 1000;
const RANGE = `start=${S}&end=${S + 86_400}`;

t.test("what is missing of a range is filled in as in production, and said in the arguments", async (t) => {
  const double = await start(t);
  for (const [query, range] of [
    ["", { start: NOW_S - 86_400, end: NOW_S, delta: 86_400 }],
    ["delta=60", { start: NOW_S - 60, end: NOW_S, delta: 60 }],
    [`end=${S}`, { start: S - 86_400, end: S, delta: 86_400 }],
    [`end=${S}&delta=10.5`, { start: S - 10.5, end: S, delta: 10.5 }],
    [`start=${NOW_S - 5}`, { start: NOW_S - 5, end: NOW_S, delta: 5 }],
    [`start=${S}&delta=7`, { start: S, end: S + 7, delta: 7 }],
    [`start=${S}&end=${S + 9}&delta=7`, { start: S, end: S + 9, delta: 9 }],
    ["start=2026-11-20&end=2026-11-20T01:00:00%2B01:00", { start: S, end: S, delta: 0 }],
    ["start=20 November 2026&end=2026-11-20 00:00:01", { start: S, end: S + 1, delta: 1 }],
  ] as const)
    t.match((await ask(double, `/raw?${query}`)).json["arguments"], range, query);
});

t.test("a range has both its ends, and a start of 0 switches it off", async (t) => {
  const double = await start(t, { messages: rows(5, (number) => DAY + number * 1000) });
  const found = async (query: string) => (await ask(double, `/raw?order=asc&${query}`)).ids;
  t.same(await found(`start=${S + 1}&end=${S + 3}`), ["id-1", "id-2", "id-3"]);
  t.same(await found(`start=${S + 1}&end=${S + 2.999999}`), ["id-1", "id-2"]);
  t.equal((await found(`start=0&end=${S + 1}`)).length, 5);
  t.same(await found(`start=${S + 3}&end=${S + 1}`), []);
  t.same(await found(`end=${S + 1}`), ["id-0", "id-1"], "the day before the end");
  const careless = await start(t, { messages: rows(5, (number) => DAY + number * 1000), defaultDelta: 0 });
  t.equal((await ask(careless, `/raw?end=${S + 1}`)).ids.length, 5, "without a default an end alone is no range");
});

t.test("topics match exactly, categories by the fourth word, names are and-ed and not_ excludes", async (t) => {
  const double = await start(t, {
    messages: [
      row(0, DAY),
      row(1, DAY + 1, { topic: `${UPLOADER_TOPIC}.Cloud_Base.41.x86_64`, agentName: "uploader" }),
      row(2, DAY + 2, { topic: PUNGI_TOPIC, agentName: "pungi", users: ["ann", "bob"], packages: ["kernel"] }),
    ],
  });
  const found = async (query: string) => (await ask(double, `/raw?order=asc&${RANGE}&${query}`)).ids;
  t.same(await found(`topic=${UPLOADER_TOPIC}`), [], "no prefix, no wildcard");
  t.same(await found(`topic=${UPLOADER_TOPIC}.%23`), []);
  t.same(await found(`topic=${TOPIC}&topic=${PUNGI_TOPIC}`), ["id-0", "id-2"]);
  t.same(await found("category=fedimg&category=fedora_image_uploader"), ["id-0", "id-1"]);
  t.same(await found(`category=fedimg&topic=${PUNGI_TOPIC}`), []);
  t.same(await found("not_category=fedimg"), ["id-1", "id-2"]);
  t.same(await found(`not_topic=${PUNGI_TOPIC}&not_topic=${TOPIC}`), ["id-1"]);
  t.same(await found("user=bob&package=kernel"), ["id-2"]);
  t.same(await found("not_user=ann"), ["id-0", "id-1"]);
  t.same(await found("not_package=kernel&agent=uploader"), ["id-1"]);
  t.same(await found("not_agent=pungi"), ["id-1"], "a message without an agent is not found by not_agent, as in SQL");
});

t.test(
  "contains looks into the stored text, with SQL's wildcards, and only with a topic and a recent start",
  async (t) => {
    const body = { compose_id: "Fedora-43-1.0", label: "é", list: [1, { a: null }] };
    const double = await start(t, { messages: [row(0, DAY, { body })] });
    const count = async (text: string) => {
      const { json } = await ask(double, `/raw?${RANGE}&category=fedimg&contains=${encodeURIComponent(text)}`);
      return json["count"];
    };
    for (const text of ['"compose_id": "Fedora-43', "Fedora-%.0", "Fedora_43", "\\u00e9", '[1, {"a": null}]'])
      t.equal(await count(text), 1, text);
    t.same([await count("é"), await count("\\\\u00e9")], [0, 1], "stored as ASCII, and a backslash needs another one");
    t.equal(await count("fedora-43"), 0, "case counts");
    for (const [query, words] of [
      [`${RANGE}&contains=x`, "topic or a category"],
      [`start=${NOW_S - 225 * 86_400}&end=${NOW_S}&contains=x&category=fedimg`, "eight months"],
    ] as const) {
      const { status, type, text } = await ask(double, `/raw?${query}`);
      t.same([status, type], [400, "text/html; charset=utf-8"]);
      t.match(text, "<title>400 Bad Request</title>");
      t.match(text, words);
    }
  },
);

t.test(
  "what it checks is 400 in HTML, what Python cannot convert is 500 in JSON, and so is a refused query",
  async (t) => {
    const double = await start(t, { messages: rows(3, () => DAY) });
    for (const [query, status, words] of [
      ["page=0", 400, "page must be &gt; 0"],
      ["rows_per_page=101", 400, "rows_per_page must be &lt;= 100"],
      ["order=up", 400, "order must be either &#39;desc&#39; or &#39;asc&#39;"],
      ["size=huge", 400, "size must be in one of these"],
      ["chrome=perhaps", 400, "chrome should be"],
      ["page=1.5", 500, "invalid literal for int() with base 10: '1.5'"],
      ["rows_per_page=many", 500, '"error":"internal_error"'],
      ["delta=long", 500, "could not convert string to float"],
      ["start=yesterdayish", 500, "Unknown string format"],
      ["start=2026-02-30", 500, "Unknown string format"],
      ["rows_per_page=-1", 500, '"arguments":{"start"'],
      [`${RANGE}&meta=colour`, 500, '"error":"internal_error"'],
    ] as const) {
      const answer = await ask(double, `/raw?${query}`);
      t.equal(answer.status, status, query);
      t.match(answer.text, words);
    }
    t.match(await ask(double, "/id?id=id-1"), { status: 404, json: { error: "not_found" } });
    t.equal((await fetch(new URL("/raw", double.url))).status, 404, "it lives below /datagrepper");
    t.equal((await ask(double, "/raw", { method: "POST" })).status, 405);
    t.equal((await ask(double, "/raw", { method: "HEAD" })).status, 200);
    t.equal((await ask(double, `/raw/?${RANGE}`)).json["count"], 3, "a slash at the end is optional");
  },
);

t.test("pages have 25 rows, newest first, unless asked otherwise, and count themselves", async (t) => {
  const double = await start(t, { messages: rows(130, (number) => DAY + number * 1000) });
  const first = await ask(double, `/raw?${RANGE}`);
  t.match(first.json, { total: 130, pages: 6, count: 25, arguments: { page: 1, rows_per_page: 25, order: "desc" } });
  t.equal(first.ids[0], "id-129");
  const last = await ask(double, `/v2/search/?${RANGE}&rows_per_page=100&page=2&order=asc`);
  t.match(last.json, { total: 130, pages: 2, count: 30 });
  t.equal(last.ids[0], "id-100");
  const beyond = await ask(double, `/raw?${RANGE}&rows_per_page=100&page=3`);
  t.match(beyond.json, { total: 130, pages: 2, count: 0 });
  const second = await ask(double, `/raw?start=${S}&end=${S + 9}&page=2`);
  t.match(second.json, { total: 0, pages: 1, count: 0 }, "page 2 of 1 counts nothing");
  t.match((await ask(double, `/raw?${RANGE}&rows_per_page=0`)).json, { total: 130, pages: 1, count: 130 });
  t.match((await ask(double, "/raw?start=5&end=9")).json, { total: 0, pages: 0, count: 0 });
});

t.test("rows of one second change places between calls, so that pages lose some and repeat others", async (t) => {
  const messages = [row(0, DAY - 1000), ...rows(100, () => DAY).slice(1), row(100, DAY + 1000)];
  const double = await start(t, { messages });
  const query = `/raw?start=${S - 9}&end=${S + 9}&order=asc&rows_per_page=50`;
  const pages = [await ask(double, `${query}&page=1`), await ask(double, `${query}&page=2`)];
  const ids = pages.flatMap((page) => page.ids);
  t.equal(ids.length, 100);
  t.ok(new Set(ids).size < 100, "some came twice");
  t.equal(ids[0], "id-0", "the order of different timestamps stands");
  const steady = await start(t, { messages, isTieOrderChanging: false });
  t.same((await ask(steady, query)).ids, (await ask(steady, query)).ids);
});

t.test("an item has raw's, the old raw's or v2's own keys", async (t) => {
  const at = DAY + 1500.25;
  const double = await start(t, {
    messages: [row(1, at, { agentName: "bot", users: ["b", "a"] }), row(2, at + 1, { headers: null, isOld: true })],
  });
  const raw = (await ask(double, `/raw?${RANGE}&order=asc`)).json.raw_messages ?? [];
  t.same(raw[0], {
    i: 0,
    msg_id: "id-1",
    topic: TOPIC,
    timestamp: S + 1,
    msg: { number: 1 },
    headers: { priority: 0 },
    certificate: null,
    signature: null,
    crypto: null,
    agent_name: "bot",
    username: "bot",
    source_name: "datanommer",
    source_version: "1.4.4",
    users: ["a", "b"],
    packages: [],
  });
  t.same(Object.keys(raw[1] ?? {}).sort(), [
    "i",
    "msg",
    "msg_id",
    "source_name",
    "source_version",
    "timestamp",
    "topic",
  ]);
  const v2 = (await ask(double, `/v2/search?${RANGE}&order=asc&meta=date&meta=icon`)).json.raw_messages ?? [];
  const sentAt = "2026-11-20T00:00:01.500250+00:00";
  const headers = { priority: 0, "sent-at": sentAt };
  const meta = { date: sentAt, icon: null, WARNING: [/deprecated/] };
  t.match(v2[0], { body: { number: 1 }, headers, id: "id-1", priority: 0, queue: null, topic: TOPIC, meta });
  t.notOk("timestamp" in (v2[0] ?? {}));
});

t.test("the answer's type is what the client accepts, and a browser gets a web page", async (t) => {
  const double = await start(t, { messages: rows(1, () => DAY) });
  const as = (accept: string) => ask(double, `/raw?${RANGE}`, { headers: { accept } });
  t.match(await as("*/*"), { type: "application/json", json: { count: 1 } });
  t.match(await as("application/json;q=0.9, text/plain;q=0.1"), {
    type: /^application\/json;q=0.9/,
    json: { count: 1 },
  });
  const page = await as("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
  t.match(page, { type: /^text\/html/, text: /^<!DOCTYPE html>/ });
  t.match((await ask(double, `/raw?${RANGE}&callback=cb`)).text, /^cb\(\{.*\}\);$/);
});

t.test("messages that come meanwhile take their place in time; the same id and time is stored once", async (t) => {
  const double = await start(t, { messages: rows(3, (number) => DAY + number * 1000) });
  t.ok(double.add(row(9, DAY + 500)));
  t.ok(double.add(row(1, DAY + 5000)), "the same id at another time");
  t.notOk(double.add(row(1, DAY + 5000)));
  const { json, ids } = await ask(double, `/raw?${RANGE}&order=asc`);
  t.same([json["total"], ids], [5, ["id-0", "id-9", "id-1", "id-2", "id-1"]]);
  const descending = await ask(double, `/raw?${RANGE}`);
  t.same(descending.ids, ids.toReversed());
});

t.test("a source that makes its messages and those added to it are one order in time", (t) => {
  const given = rows(6, (number) => number * 10);
  const at = (index: number) => given[index] ?? row(-1, -1);
  const source = { length: 6, timeAt: (i: number) => at(i).at, topicAt: (i: number) => at(i).topic, messageAt: at };
  const timeline = new Timeline(source);
  for (const time of [25, 60, -5, 25.5, 30]) timeline.add(row(100 + time, time));
  const times = (order: "asc" | "desc") => [...timeline.positions(20, 60, order)].map((each) => timeline.timeOf(each));
  t.same(times("asc"), [20, 25, 25.5, 30, 30, 40, 50, 60]);
  t.same(times("desc"), times("asc").toReversed());
  t.same([...timeline.positions(-99, -6, "asc")], []);
  t.end();
});
