import t, { type Test } from "tap";
import { startForgejoDouble, type ForgejoDouble } from "../../../src/demo/outside/forgejo/double.ts";
import { wrongsOf } from "../../support/outside/forgejo-answers.ts";

const REPO = "releng/ami-reports";
const API = `/api/v1/repos/${REPO}`;
const NOW = Date.parse("2026-11-24T22:00:00Z");

interface Asked {
  readonly status: number;
  readonly json: unknown;
  readonly headers: Headers;
}

async function start(t: Test, writers: readonly string[] = ["bot"]): Promise<ForgejoDouble> {
  const double = await startForgejoDouble({ now: () => NOW });
  t.teardown(() => double.close());
  double.tracker.setProject(REPO, { writers });
  double.setToken("bot-token", { user: "bot" });
  return double;
}

async function ask(
  { url }: ForgejoDouble,
  method: string,
  path: string,
  { json, token = "bot-token" }: { readonly json?: object; readonly token?: string | null } = {},
): Promise<Asked> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (token !== null) headers["authorization"] = `token ${token}`;
  const body = json === undefined ? {} : { body: JSON.stringify(json) };
  const response = await fetch(url + path, { method, headers, redirect: "manual", ...body });
  const text = await response.text();
  return {
    status: response.status,
    json: text === "" ? null : (JSON.parse(text) as unknown),
    headers: response.headers,
  };
}

t.test(
  "every answer has the fields and types that Forgejo's description of its API gives it, and no others",
  async (t) => {
    const double = await start(t);
    double.setToken("bot-token", { user: "bot", scopes: ["read:user", "write:issue", "read:organization"] });
    double.setTeam("releng/ami-keepers", ["bot", "ann"]);
    const rows: [string, string, object | undefined, number, string][] = [
      ["GET", "/api/v1/user", undefined, 200, "user"],
      ["POST", `${API}/labels`, { name: "amis", color: "#7f7f7f" }, 201, "label"],
      ["GET", `${API}/labels`, undefined, 200, "label[]"],
      ["POST", `${API}/issues`, { title: "AMIs", body: "text", labels: [1] }, 201, "issue"],
      ["POST", `${API}/issues/1/comments`, { body: "more" }, 201, "comment"],
      ["PATCH", `${API}/issues/comments/1`, { body: "better" }, 200, "comment"],
      ["PATCH", `${API}/issues/1`, { title: "Old AMIs" }, 201, "issue"],
      [
        "GET",
        `${API}/issues?state=all&type=issues&created_by=bot&since=2026-11-24T00:00:00Z`,
        undefined,
        200,
        "issue[]",
      ],
      ["GET", `${API}/issues/1`, undefined, 200, "issue"],
      ["GET", `${API}/issues/1/comments`, undefined, 200, "comment[]"],
      ["GET", `${API}/issues/comments?since=2026-11-24T00:00:00Z`, undefined, 200, "comment[]"],
      ["GET", "/api/v1/orgs/releng/teams", undefined, 200, "team[]"],
      ["GET", "/api/v1/teams/1/members", undefined, 200, "user[]"],
      ["GET", "/api/v1/teams/7/members", undefined, 404, "missing"],
      ["GET", `${API}/issues/7`, undefined, 404, "missing"],
      ["GET", "/api/v1/repos/releng/nowhere/issues", undefined, 404, "missing"],
      ["GET", `${API}/issues?created_by=nobody`, undefined, 404, "missing"],
      ["POST", `${API}/issues`, {}, 422, "error"],
      ["POST", `${API}/issues`, { title: "x", nonsense: 1 }, 422, "error"],
      ["GET", `${API}/issues?since=yesterday`, undefined, 422, "error"],
    ];
    for (const [method, path, json, status, type] of rows) {
      const answered = await ask(double, method, path, json === undefined ? {} : { json });
      t.equal(answered.status, status, `${method} ${path}`);
      t.same(wrongsOf(answered.json, type), [], `${method} ${path}`);
    }
    t.equal((await ask(double, "GET", API, { token: null })).status, 200, "a repo is public");
    t.same(wrongsOf((await ask(double, "GET", API, { token: null })).json, "repo"), []);
  },
);

t.test("who may do what is refused as Forgejo does", async (t) => {
  const double = await start(t, []);
  double.setToken("reader", { user: "bot", scopes: ["read:user", "read:issue"] });
  double.setToken("nameless", { user: "bot", scopes: ["write:issue"] });
  double.setToken("old", { user: "bot", expiresAt: NOW });
  const draft = { json: { title: "AMIs", body: "text", labels: [1] } };
  double.tracker.addTag(REPO, "amis");
  for (const [token, method, path, status, message] of [
    [null, "GET", "/api/v1/user", 401, /^token is required$/],
    ["old", "GET", "/api/v1/user", 401, /^user does not exist \[uid: 0, name: \]$/],
    ["unknown", "GET", `${API}/issues`, 401, /^user does not exist/],
    ["nameless", "GET", "/api/v1/user", 403, /required scope\(s\): \[read:user\]$/],
    ["reader", "POST", `${API}/issues`, 403, /required scope\(s\): \[write:issue\]$/],
    ["reader", "GET", API, 403, /required scope\(s\): \[read:repository\]$/],
    [null, "POST", `${API}/issues`, 401, /^token is required$/],
    ["bot-token", "POST", `${API}/labels`, 403, /permission to write to a repo/],
  ] as const) {
    const answered = await ask(double, method, path, { token, ...(method === "POST" ? draft : {}) });
    t.match(answered, { status, json: { message } }, `${String(token)} ${method} ${path}`);
  }
  const made = await ask(double, "POST", `${API}/issues`, draft);
  t.match(made, { status: 201, json: { labels: [] } }, "who may not write to the repo sets no label, and is not told");
  double.tracker.comment(REPO, 1, "ann", "mine");
  t.equal((await ask(double, "PATCH", `${API}/issues/comments/1`, { json: { body: "x" } })).status, 403);
  double.tracker.setLocked(REPO, 1, true);
  const locked = await ask(double, "POST", `${API}/issues/1/comments`, { json: { body: "x" } });
  t.match(locked, { status: 403, json: { message: /locked/ } });
  t.equal(double.tracker.issue(REPO, 1)?.comments.length, 1);
});

t.test("who is in a team is told to its members and the organisation's owners alone", async (t) => {
  const double = await start(t);
  double.setTeam("releng/Owners", ["ann"]);
  double.setTeam("releng/ami-keepers", ["bob"]);
  const scopes = ["read:user", "read:organization"] as const;
  for (const user of ["ann", "bob", "cleo"]) double.setToken(user, { user, scopes: [...scopes] });
  double.setTeam("releng/others", ["cleo"]);
  double.setToken("stranger", { user: "stranger", scopes: [...scopes] });
  for (const [token, path, status, message] of [
    ["ann", "teams/2/members", 200, null],
    ["bob", "teams/2/members", 200, null],
    ["cleo", "teams/2/members", 403, /^Must be a team member$/],
    ["stranger", "teams/2/members", 404, /couldn't be found/],
    ["cleo", "orgs/releng/teams", 200, null],
    ["stranger", "orgs/releng/teams", 403, /^Must be an organization member$/],
    ["bot-token", "orgs/releng/teams", 403, /required scope\(s\): \[read:organization\]$/],
    [null, "orgs/releng/teams", 401, /^token is required$/],
    ["ann", "orgs/nowhere/teams", 404, /couldn't be found/],
  ] as const) {
    const answered = await ask(double, "GET", `/api/v1/${path}`, { token });
    t.match(answered, { status, ...(message === null ? {} : { json: { message } }) }, `${String(token)} ${path}`);
  }
});

t.test("an archived, moved, hidden repo, and one whose issues are off, say so as Forgejo does", async (t) => {
  const double = await start(t, ["bot"]);
  const draft = { json: { title: "AMIs" } };
  double.tracker.setProject(REPO, { tracker: "read-only" });
  t.match(await ask(double, "POST", `${API}/issues`, draft), { status: 423, json: { message: /is archived$/ } });
  t.equal((await ask(double, "GET", `${API}/issues`)).status, 200, "and can be read");
  double.tracker.setProject(REPO, { tracker: "disabled" });
  t.equal((await ask(double, "GET", `${API}/issues`)).status, 404);
  t.match((await ask(double, "GET", API, { token: null })).json, { has_issues: false });
  double.tracker.setProject(REPO, { tracker: "open", isHidden: true });
  t.equal((await ask(double, "GET", `${API}/issues`, { token: null })).status, 404);
  t.equal((await ask(double, "GET", `${API}/issues`)).status, 200, "its writers see it");
  double.tracker.setProject(REPO, { isHidden: false, movedTo: "cloud/ami-reports" });
  const moved = await ask(double, "GET", `${API}/issues?state=all`);
  t.match(moved.status, 307);
  t.equal(moved.headers.get("location"), "/api/v1/repos/cloud/ami-reports/issues?state=all");
});

t.test("a list comes in pages with their links and its length, an issue's comments at once", async (t) => {
  const double = await start(t);
  for (let number = 1; number <= 70; number += 1)
    double.tracker.open(REPO, { title: `issue ${number}`, content: "", author: "bot" });
  for (let number = 1; number <= 60; number += 1) double.tracker.comment(REPO, 1, "ann", "x");
  const length = async (path: string): Promise<[number, string | null, string | null]> => {
    const { json, headers } = await ask(double, "GET", API + path);
    return [(json as unknown[]).length, headers.get("x-total-count"), headers.get("link")];
  };
  t.match(await length("/issues"), [30, "70", /page=2>; rel="next",<http\S+page=3>; rel="last"$/]);
  t.match(await length("/issues?limit=500&page=2"), [20, "70", /page=1>; rel="first",<\S+page=1>; rel="prev"$/]);
  t.same(await length("/issues/comments?limit=50"), [50, "60", null], "this one names no next page");
  t.same(await length("/issues/1/comments?limit=2"), [60, "60", null]);
});

t.test("an edited comment changes no issue, and a number is never given again", async (t) => {
  let now = NOW;
  const double = await startForgejoDouble({ now: () => now });
  t.teardown(() => double.close());
  double.tracker.setProject(REPO, {});
  double.tracker.open(REPO, { title: "AMIs", content: "", author: "bot" });
  double.tracker.comment(REPO, 1, "ann", "x");
  now += 60_000;
  double.tracker.editComment(REPO, 1, 1, "y");
  t.match((await ask(double, "GET", `${API}/issues/1`, { token: null })).json, { updated_at: "2026-11-24T22:00:00Z" });
  t.match((await ask(double, "GET", `${API}/issues/1/comments`, { token: null })).json, [
    { created_at: "2026-11-24T22:00:00Z", updated_at: "2026-11-24T22:01:00Z" },
  ]);
  double.tracker.remove(REPO, 1);
  t.equal(double.tracker.open(REPO, { title: "AMIs", content: "", author: "bot" }).id, 2);
});
