import { inspect } from "node:util";
import t from "tap";
import { pagureError } from "../../../src/demo/outside/pagure/access.ts";
import { htmlPage } from "../../../src/demo/outside/faults.ts";
import type { Trouble } from "../../../src/demo/outside/faults.ts";
import { ConfigError } from "../../../src/errors.ts";
import { open, start } from "../../support/outside/pagure.ts";
import { copies, failure, NOW, dayPost, publish, REPO, TOKEN } from "../../support/outside/forge.ts";

const CREATE = /\/new_issue$/;

t.test("what a person must mend is refused with the remedy in one line", async (t) => {
  const double = await start(t);
  const mended: [string, () => void, string, RegExp][] = [
    [
      "expired token",
      () => {
        double.setToken(TOKEN, { user: "bot", expiresAt: NOW });
      },
      "EINVALIDTOK",
      /401 EINVALIDTOK Expired token for POST .*whoami: create a new API token .*PAGURE_ACCESS_TOKEN$/,
    ],
    [
      "missing ACL",
      () => {
        double.setToken(TOKEN, { user: "bot", acls: ["issue_comment"] });
      },
      "EINVALIDTOK",
      /Missing ACLs: issue_create for POST .*new_issue: .*issue_create and issue_comment/,
    ],
    [
      "another project's token",
      () => {
        double.setToken(TOKEN, { user: "bot", project: "x" });
      },
      "EINVALIDTOK",
      /new API token of releng\/ami-reports/,
    ],
    [
      "tracker disabled",
      () => {
        double.tracker.setProject(REPO, { tracker: "disabled" });
      },
      "ETRACKERDISABLED",
      /404 ETRACKERDISABLED .*switch the issue tracker/,
    ],
    [
      "tracker read-only",
      () => {
        double.tracker.setProject(REPO, { tracker: "read-only" });
      },
      "ETRACKERREADONLY",
      /401 ETRACKERREADONLY .*writable/,
    ],
    [
      "blocked user",
      () => {
        double.tracker.setProject(REPO, { blockedUsers: ["bot"] });
      },
      "EUBLOCKED",
      /403 EUBLOCKED .*unblock/,
    ],
  ];
  for (const [name, breakIt, code, sentence] of mended) {
    const reports = open(double);
    double.tracker.setProject(REPO, { tracker: "open", blockedUsers: [] });
    breakIt();
    const error = await failure(t, publish(reports, dayPost(1)));
    t.match(error, { name: "RefusedError", code, message: sentence }, name);
    t.notMatch(error.message, /[\r\n]/, `${name}: one line`);
  }
  const nowhere = await failure(t, publish(open(double, { repo: "releng/nowhere" }), dayPost(1)));
  t.match(nowhere, { name: "RefusedError", code: "ENOPROJECT", message: /check the repo releng\/nowhere/ });
  t.same(double.tracker.issues(REPO), []);
  double.setToken(TOKEN, { user: "bot" });
  double.tracker.setProject(REPO, { tracker: "open", blockedUsers: [] });
  for (let time = 0; time < 2; time += 1) await publish(open(double), dayPost(1));
  t.equal(copies(double, 1), 1, "what was mended lets it be told, once");
});

t.test("a token that Pagure echoes is starred out, and a post above its limit is refused", async (t) => {
  const double = await start(t);
  const body = pagureError("EINVALIDREQ", { title: [`bad ${TOKEN}\n\n# x`] });
  double.fail({ path: CREATE, trouble: { kind: "answer", status: 400, body } });
  const echoed = await failure(t, publish(open(double), dayPost(1)));
  t.match(echoed, { name: "RefusedError", message: /title: bad \*\*\* # x for POST/ });
  double.fail({ path: CREATE, trouble: { kind: "answer", status: 500, body: `token ${TOKEN}` } });
  t.match(await failure(t, publish(open(double), dayPost(1))), { code: "HTTP_500", message: /"token \*\*\*"/ });
  const long = { ...dayPost(1), text: dayPost(1).text + "x".repeat(4 * 1024 * 1024) };
  const refused = await failure(t, publish(open(double), long));
  t.match(refused, { name: "RefusedError", code: "TOO_LONG", message: /new_issue: the post is too long/ });
});

t.test("what passes by itself is an upstream's trouble, to be tried again", async (t) => {
  const double = await start(t);
  const troubles: [Trouble, string, RegExp][] = [
    [
      { kind: "answer", status: 200, body: htmlPage("Maintenance") },
      "NOT_JSON",
      /without whole JSON \("<!doctype html>/,
    ],
    [{ kind: "truncate", bytes: 40 }, "NOT_JSON", /without whole JSON/],
    [{ kind: "answer", status: 500, body: "" }, "HTTP_500", /answered 500 \(an empty answer\)/],
    [{ kind: "answer", status: 429, body: "slow" }, "HTTP_429", /answered 429/],
    [
      { kind: "answer", status: 400, body: pagureError("EDBERROR") },
      "EDBERROR",
      /400 EDBERROR An error occurred at the database/,
    ],
    [{ kind: "answer", status: 404, body: pagureError("ENOISSUE") }, "ENOISSUE", /404 ENOISSUE/],
    [{ kind: "answer", status: 200, body: { issues: "none" } }, "UNKNOWN_SHAPE", /JSON of an unknown shape/],
    [{ kind: "cut", takesEffect: false }, "UND_ERR_SOCKET", /found no connection or lost it/],
  ];
  for (const [trouble, code, sentence] of troubles) {
    double.fail({ method: "GET", trouble });
    const error = await failure(t, publish(open(double), dayPost(1)));
    t.match(error, { name: "UpstreamError", code, message: sentence });
    t.match(error.message, /: (?:GET http.*)?.*it is tried again later$/, "what happens next is said");
  }
});

t.test("the token goes to the configured address alone, and only with what writes", async (t) => {
  const double = await start(t);
  const other = await start(t);
  const next = `${other.url}/api/0/${REPO}/issues?page=2`;
  double.fail({
    path: /issues$/,
    trouble: { kind: "answer", status: 200, body: { issues: [], pagination: { next } } },
  });
  await publish(open(double), dayPost(1));
  t.same(other.journal, [], "a foreign next is not followed");
  t.match(double.journal.filter(({ path }) => path.endsWith("/issues")).at(-1), { query: "?page=2" });
  for (const { method, hasToken } of double.journal) t.equal(hasToken, method === "POST");
});

t.test("an address, a repo or a token of the wrong form is refused at the start", async (t) => {
  const double = await start(t);
  for (const change of [
    { url: "pagure.io" },
    { url: "ftp://pagure.io" },
    { url: "https://bot:S3CRET@pagure.io" },
    { repo: "" },
    { repo: "a/b/c" },
    { repo: "../users" },
    { token: "" },
    { token: `${TOKEN}\n` },
  ]) {
    t.throws(() => open(double, change), ConfigError, Object.keys(change).join());
    try {
      open(double, change);
    } catch (error) {
      t.notMatch(inspect(error), /S3CRET/);
    }
  }
});
