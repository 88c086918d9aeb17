import t from "tap";
import type { Trouble } from "../../../src/demo/outside/datagrepper/faults.ts";
import { werkzeugPage } from "../../../src/demo/outside/datagrepper/refusal.ts";
import { DAY_MS, MINUTE_MS } from "../../../src/domain/time.ts";
import { UpstreamError } from "../../../src/errors.ts";
import { collect, DAY, NOW, open, rows, start, TOPIC } from "../../support/outside/datagrepper.ts";
import { fieldCase, type FieldCase } from "../../support/world/inputs/cases.ts";
import { SettableClock } from "../../support/world/clock.ts";

/** Nothing shorter is read in pieces. */
const SHORT_MS = 10 * MINUTE_MS;
const WHOLE_DAY = { categories: ["fedimg"], start: DAY, end: DAY + DAY_MS };
const MESSAGES = rows(250, (number) => DAY + number * 60_000);
const IDS = MESSAGES.map(({ id }) => id);
const thrown = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

const PASSING: readonly (readonly [Trouble, string | RegExp])[] = [
  [{ kind: "gateway", status: 502 }, "HTTP_502"],
  [{ kind: "gateway", status: 503 }, "HTTP_503"],
  [{ kind: "gateway", status: 504 }, "HTTP_504"],
  [{ kind: "answer", status: 500, body: { error: "internal_error", detail: "x", traceback: "y" } }, "HTTP_500"],
  [{ kind: "answer", status: 429, body: "<h1>Too Many Requests</h1>" }, "HTTP_429"],
  [{ kind: "answer", status: 200, body: "<!doctype html><h1>Maintenance</h1>" }, "NOT_JSON"],
  [{ kind: "truncate", bytes: 500 }, "NOT_JSON"],
  [{ kind: "truncate", bytes: 0 }, "NOT_JSON"],
  [{ kind: "break", bytes: 500 }, /./],
  [{ kind: "cut" }, /./],
];

t.test("what passes is tried again, whichever call it strikes, and nothing is lost by it", async (t) => {
  for (const [trouble] of PASSING)
    for (const before of [0, 1, 2, 3]) {
      const double = await start(t, { messages: MESSAGES });
      let calls = 0;
      double.fail({ trouble, times: 1, when: () => (calls += 1) > before });
      const clock = new SettableClock(NOW);
      const read = await collect(open(double, { clock, ratePerSecond: Infinity }).messages(WHOLE_DAY));
      t.same(
        read.map(({ messageId }) => messageId),
        IDS,
        `${trouble.kind} after ${before} calls`,
      );
      t.ok(double.journal.length <= 6);
      // What cuts long answers spares the short one that only counts.
      if (double.journal.length > 4) t.ok(clock.now() - NOW >= 1_500, "after a pause");
    }
});

t.test("what does not pass ends in UpstreamError with its code, in one line that names the service", async (t) => {
  for (const [trouble, code] of PASSING) {
    const double = await start(t, { messages: MESSAGES });
    double.fail({ trouble, times: Infinity });
    const clock = new SettableClock(NOW);
    const error = await thrown(collect(open(double, { clock }).messages({ ...WHOLE_DAY, end: DAY + SHORT_MS })));
    t.match(error, { name: "UpstreamError", service: "datagrepper", code, message: /^datagrepper: [^\n]+$/ });
    const rows = double.journal.map(({ query }) => new URLSearchParams(query)).map((each) => each.toString());
    t.ok(
      Math.max(...rows.map((each) => rows.filter((other) => other === each).length)) <= 5,
      "none is asked six times",
    );
    t.ok(clock.now() - NOW >= 2_000 && clock.now() - NOW <= 120_000);
    t.match(error, { message: /page 1(?: of 1 row)?, category=fedimg/ });
  }
});

t.test("an answer that does not come ends in a time-out", async (t) => {
  const double = await start(t, { messages: MESSAGES });
  double.fail({ trouble: { kind: "withhold" } });
  const read = await collect(open(double, { timeoutMs: 2_000 }).messages(WHOLE_DAY));
  t.equal(read.length, 250);
  double.fail({ trouble: { kind: "withhold" }, times: Infinity });
  const query = { ...WHOLE_DAY, end: DAY + SHORT_MS };
  t.match(await thrown(collect(open(double, { timeoutMs: 20 }).messages(query))), { code: "TIMEOUT" });
});

t.test("a host that is not there ends in UpstreamError with the system's code", async (t) => {
  const double = await start(t);
  await double.close();
  t.match(await thrown(collect(open(double).messages(WHOLE_DAY))), { name: "UpstreamError", code: "ECONNREFUSED" });
});

t.test("a no for good is RefusedError at once: 400, 403, 404, a password in the address", async (t) => {
  const double = await start(t, { messages: MESSAGES });
  for (const [status, body, words] of [
    [400, werkzeugPage(400, "Bad Request", "page must be > 0"), /answered 400 \(".*page must be &gt; 0.*report a bug$/],
    [404, { error: "not_found" }, /answered 404 \(.*not_found.*: check datagrepper's address/],
    [403, "<h1>Forbidden</h1>", /answered 403 \("Forbidden"\): check/],
  ] as const) {
    double.fail({ trouble: { kind: "answer", status, body } });
    const error = await thrown(collect(open(double).messages(WHOLE_DAY)));
    t.match(error, { name: "RefusedError", service: "datagrepper", code: `HTTP_${status}`, message: words });
  }
  t.equal(double.journal.length, 3);
  const url = double.url.replace("://", "://user:S3CRET@");
  const error = await thrown(collect(open(double, { url }).messages(WHOLE_DAY)));
  t.match(error, { name: "RefusedError", code: "PASSWORD_IN_ADDRESS" });
  t.notMatch(String(error), "S3CRET");
});

t.test("JSON that is no search result is not believed", async (t) => {
  const double = await start(t);
  const items = Array.from({ length: 101 }, () => ({}));
  for (const body of [
    {},
    [],
    { total: "5", raw_messages: [] },
    { total: -1, raw_messages: [] },
    { total: 0 },
    { total: 1, raw_messages: {} },
    { total: 101, raw_messages: items },
  ]) {
    double.fail({ trouble: { kind: "answer", status: 200, body } });
    t.match(await thrown(collect(open(double).messages(WHOLE_DAY))), { name: "UpstreamError", code: "UNKNOWN_SHAPE" });
  }
  double.fail({ trouble: { kind: "answer", status: 200, body: { total: 5, raw_messages: [] } }, times: Infinity });
  t.match(
    await thrown(collect(open(double).messages(WHOLE_DAY))),
    { code: "UNSTEADY" },
    "five rows, and none of them sent",
  );
});

interface GatewayCase extends FieldCase<Readonly<Record<string, string>>> {
  readonly proxy: { readonly answer: number; readonly forRangesLongerThanHours: number };
  readonly "proxy-504": GatewayCase["proxy"];
}

const isLongerThan =
  (hours: number) =>
  (_path: string, query: URLSearchParams): boolean =>
    Number(query.get("end")) - Number(query.get("start")) > hours * 3_600;

t.test("case 09: a gateway that gives up on long searches is asked for shorter ones", async (t) => {
  const field = fieldCase("09") as GatewayCase;
  for (const { answer, forRangesLongerThanHours } of [field.proxy, field["proxy-504"]]) {
    const double = await start(t, { messages: MESSAGES });
    const trouble = { kind: "answer", status: answer, body: "<h1>Bad Gateway</h1>" } as const;
    double.fail({ trouble, times: Infinity, when: isLongerThan(forRangesLongerThanHours) });
    const read = await collect(open(double).messages({ ...WHOLE_DAY, end: DAY + 2 * DAY_MS }));
    t.same(
      read.map(({ messageId }) => messageId),
      IDS,
      String(answer),
    );
  }
});

t.test("however a long search fails, a day is read in hours, and an hour in minutes; nothing is lost", async (t) => {
  const gateway: Trouble = { kind: "gateway", status: 502 };
  const [hours, minutes] = [5 + 24, 2 + 24 * (2 + 24)];
  const rows: readonly (readonly [Trouble, longest: number, calls: number])[] = [
    ...PASSING.map(([trouble]) => [trouble, 2, hours] as const),
    [{ kind: "answer", status: 524, body: "" }, 2, hours],
    [{ kind: "answer", status: 200, body: "x".repeat(17 * 1024 * 1024) }, 2, hours],
    [gateway, 0.5, minutes],
  ];
  for (const [trouble, longest, calls] of rows) {
    const double = await start(t, { messages: MESSAGES });
    double.fail({ trouble, times: Infinity, when: isLongerThan(longest) });
    const read = await collect(open(double).messages(WHOLE_DAY));
    const what = JSON.stringify(trouble).slice(0, 80);
    t.same(
      read.map(({ messageId }) => messageId),
      IDS,
      what,
    );
    t.ok(double.journal.length <= calls, `${double.journal.length} calls: ${what}`);
  }
});

t.test("a service that never steadies ends in UNSTEADY, not in an endless loop", async (t) => {
  const double = await start(t);
  const items = Array.from({ length: 100 }, () => ({ msg_id: "same", topic: TOPIC, msg: {}, timestamp: DAY / 1000 }));
  for (const total of [100, 150, 1_900, 50_000, 1e15]) {
    const lift = double.fail({
      times: Infinity,
      trouble: { kind: "answer", status: 200, body: { total, raw_messages: items } },
    });
    const error: unknown = await collect(open(double).messages(WHOLE_DAY)).catch((each: unknown) => each);
    t.ok(error instanceof UpstreamError);
    t.match(error, { code: "UNSTEADY", service: "datagrepper", message: /from 2026-11-20T00:00:00\.000Z on/ });
    lift();
  }
  t.ok(double.journal.length < 20_000, `${double.journal.length} calls`);
});
