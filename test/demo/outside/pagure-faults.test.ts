import { once } from "node:events";
import t from "tap";
import { pagureError } from "../../../src/demo/outside/pagure/access.ts";
import type { JournalEntry } from "../../../src/demo/outside/forge.ts";
import { get, post, start } from "../../support/outside/pagure.ts";
import { REPO } from "../../support/outside/forge.ts";

const DRAFT = { title: "AMIs of 2026-11-24", issue_content: "What was done" };

t.test("faults hit the next matching calls and no others", async (t) => {
  const double = await start(t);
  const create = () => post(double, `${REPO}/new_issue`, DRAFT);
  const issues = () => double.tracker.issues(REPO).length;

  double.fail({
    method: "POST",
    path: /new_issue$/,
    trouble: { kind: "answer", status: 400, body: pagureError("EDBERROR") },
  });
  t.equal((await get(double, `${REPO}/issues`)).status, 200, "another method");
  t.match(await create(), { status: 400, json: { error_code: "EDBERROR" } });
  t.equal(issues(), 0, "a failed call does nothing");
  double.fail({ trouble: { kind: "answer", status: 200, body: "<!doctype html>" } });
  t.match(await create(), { status: 200, type: "text/html" });
  double.fail({ trouble: { kind: "truncate", bytes: 20 } });
  await t.rejects(create(), SyntaxError);
  t.equal(issues(), 1, "a truncated answer comes after the deed");
  double.fail({ times: 2, trouble: { kind: "cut", takesEffect: false } });
  await t.rejects(create());
  await t.rejects(create());
  double.fail({ trouble: { kind: "cut", takesEffect: true } });
  await t.rejects(create());
  t.equal(issues(), 2);
  double.fail({ trouble: { kind: "delay", ms: 10 } });
  t.equal((await create()).status, 200);
  const lift = double.fail({ times: Infinity, trouble: { kind: "answer", status: 503, body: "down" } });
  t.equal((await create()).status, 503);
  lift();
  t.equal((await create()).status, 200);
});

t.test("a call that arrives late is not answered, and carried out when it arrives", async (t) => {
  const double = await start(t);
  const later = new AbortController();
  double.fail({ method: "POST", trouble: { kind: "late", when: once(later.signal, "abort") } });
  await t.rejects(post(double, `${REPO}/new_issue`, DRAFT));
  await post(double, `${REPO}/new_issue`, { ...DRAFT, title: "the repeat" });
  const arrived = new Promise<JournalEntry>((resolve) => double.onCall(resolve));
  later.abort();
  t.match(await arrived, { status: null, created: { issueId: 2 }, trouble: "late" });
  t.match(double.tracker.issues(REPO), [{ title: "the repeat" }, { title: DRAFT.title }]);
});

t.test("closing cuts a withheld answer and a delay, and may be repeated", async (t) => {
  const double = await start(t);
  double.fail({ method: "POST", trouble: { kind: "withhold", takesEffect: true } });
  double.fail({ method: "GET", trouble: { kind: "delay", ms: 600_000 } });
  const withheld = new Promise<JournalEntry>((resolve) => double.onCall(resolve));
  const silent = post(double, `${REPO}/new_issue`, DRAFT);
  const late = get(double, `${REPO}/issues`);
  const lost = Promise.all([t.rejects(silent), t.rejects(late)]);
  t.match(await withheld, { status: null, created: { issueId: 1 }, trouble: "withhold" });
  await double.close();
  await double.close();
  await lost;
});
