import t from "tap";
import { DAY_MS } from "../../../src/domain/time.ts";
import { ask, DAY, NOW, rows, start } from "../../support/outside/datagrepper.ts";

const S = DAY / 1000;
const RANGE = `start=${S}&end=${S + 86_400}`;

t.test("every fault comes when it was armed, as often as it was armed, and stands in the journal", async (t) => {
  const double = await start(t, { messages: rows(3, () => DAY) });
  const call = () => ask(double, `/raw?${RANGE}`);
  double.fail({ trouble: { kind: "gateway", status: 504 }, times: 2 });
  t.match(await call(), { status: 504, type: /^text\/html/, text: /504 Gateway Timeout/ });
  t.equal((await call()).status, 504);
  t.equal((await call()).status, 200);
  double.fail({ trouble: { kind: "answer", status: 500, body: { error: "boom", arguments: {} } } });
  t.match(await call(), { status: 500, json: { error: "boom" } });
  double.fail({ trouble: { kind: "truncate", bytes: 20 } });
  await t.rejects(call(), SyntaxError);
  double.fail({ trouble: { kind: "break", bytes: 20 } });
  await t.rejects(call(), { message: "terminated" });
  double.fail({ trouble: { kind: "cut" } });
  await t.rejects(call(), { message: "fetch failed" });
  double.fail({ trouble: { kind: "delay", ms: 1 } });
  t.equal((await call()).status, 200);
  const lift = double.fail({
    trouble: { kind: "withhold" },
    times: Infinity,
    when: (path, query) => path === "/v2/search" && query.get("page") === "2",
  });
  await t.rejects(ask(double, "/v2/search?page=2", { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
  t.equal((await ask(double, "/v2/search?page=1")).status, 200);
  lift();
  t.equal((await ask(double, "/v2/search?page=2")).status, 200);
  t.same(double.journal.map(({ trouble, status }) => [trouble, status]).slice(0, 8), [
    ...[
      ["gateway", 504],
      ["gateway", 504],
      [null, 200],
      ["answer", 500],
      ["truncate", 200],
    ],
    ...[
      ["break", 200],
      ["cut", null],
      ["delay", 200],
    ],
  ]);
  t.match(double.journal[2], {
    method: "GET",
    path: "/raw",
    query: `?${RANGE}`,
    found: { total: 3, count: 3 },
    at: NOW,
  });
});

t.test("all rows on one page are refused by the gateway where they are too many", async (t) => {
  const double = await start(t, { messages: rows(10_001, (number) => DAY + number) });
  t.equal((await ask(double, `/raw?start=${S}&end=${S + DAY_MS}&rows_per_page=0`)).status, 502);
});
