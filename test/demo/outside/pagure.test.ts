import t from "tap";
import type { JournalEntry } from "../../../src/demo/outside/forge.ts";
import { get, post, read, start } from "../../support/outside/pagure.ts";
import { NOW, REPO } from "../../support/outside/forge.ts";

const DRAFT = { title: "AMIs of 2026-11-24", issue_content: "What was done" };

t.test("an issue is opened, commented, closed and read back in Pagure's own shape", async (t) => {
  const double = await start(t);
  const opened = await post(double, `${REPO}/new_issue`, { ...DRAFT, tag: "amis, new-tag" });
  t.match(opened, { status: 200, json: { message: "Issue created", issue: { id: 1, status: "Open", comments: [] } } });
  t.same(double.tracker.tags(REPO), ["amis", "new-tag"], "unknown tags are created");

  const commented = await post(double, `${REPO}/issue/1/comment`, { comment: "More" });
  t.match(commented, { status: 200, json: { message: "Comment added", user: "bot", avatar_url: String } });
  const closed = await post(double, `${REPO}/issue/1/status`, { status: "Closed", close_status: "Fixed" });
  t.same(closed.json["message"], [
    "Issue status updated to: Closed (was: Open)",
    "Issue close_status updated to: Fixed",
  ]);
  const again = await post(double, `${REPO}/issue/1/status`, { status: "Closed" });
  t.same(again.json, { message: "No changes" });

  const issue = await get(double, `${REPO}/issue/1`);
  t.match(issue.json, {
    id: 1,
    title: DRAFT.title,
    content: DRAFT.issue_content,
    status: "Closed",
    close_status: "Fixed",
    date_created: "1795557600.0",
    closed_at: "1795557600.0",
    user: { name: "bot" },
    closed_by: { name: "bot" },
    private: false,
    tags: ["amis", "new-tag"],
    full_url: `${double.url}/releng/ami-reports/issue/1`,
    comments: [
      { id: 1, comment: "More", date_created: "1795557600.0", user: { name: "bot" }, notification: false },
      { comment: /^\*\*Metadata Update from @bot/, notification: true },
    ],
  });
  const edited = await post(double, `${REPO}/issue/1`, { ...DRAFT, issue_content: "Better" });
  t.match(edited.json, { message: "Issue edited", issue: { content: "Better" } });
});

t.test("the same post twice makes two issues: there is no idempotency", async (t) => {
  const double = await start(t);
  await post(double, `${REPO}/new_issue`, DRAFT);
  await post(double, `${REPO}/new_issue`, DRAFT);
  t.equal(double.tracker.issues(REPO).length, 2);
});

t.test(
  "each of the four forms of a repo is found, and JSON is read when the content type is exactly that",
  async (t) => {
    const double = await start(t);
    const send = async (path: string, type: string) =>
      read(
        await fetch(`${double.url}/api/0/${path}/new_issue`, {
          method: "POST",
          headers: { authorization: "token free", "content-type": type },
          body: JSON.stringify(DRAFT),
        }),
      );
    double.setToken("free", { user: "bot" });
    for (const path of ["plain", "ns/plain", "fork/ann/plain", "fork/ann/ns/plain"]) {
      double.tracker.setProject(path, {});
      t.match(await send(path, "application/json"), { status: 200, json: { issue: { id: 1 } } }, path);
      t.match(await get(double, `${path}/issues`), { status: 200, json: { total_issues: 1 } }, path);
    }
    t.match(await send("plain", "text/json"), { status: 400, json: { error_code: "EINVALIDREQ" } });
  },
);

t.test(
  "a closed issue takes comments, and whoever has access edits anybody's: the list says that both changed it",
  async (t) => {
    let now = NOW + 1;
    const double = await start(t, { now: () => now });
    const { tracker } = double;
    tracker.open(REPO, { title: "x", content: "x", author: "bot" });
    tracker.setStatus(REPO, 1, "tidy", "Closed", null);
    const { id } = tracker.comment(REPO, 1, "ann", "hold");
    const comments = async () => (await get(double, `${REPO}/issue/1`)).json["comments"] as { id: number }[];
    const found = async () => (await comments()).find((comment) => comment.id === id);
    t.match(await found(), { date_created: "1795557600.001", edited_on: null, editor: null });
    now += 86_400_000;
    tracker.editComment(REPO, 1, id, "release", "eve");
    t.match(await found(), {
      comment: "release",
      user: { name: "ann" },
      editor: { name: "eve" },
      edited_on: "1795644000.001",
    });
    tracker.editComment(REPO, 1, id, "hold");
    t.match(await found(), { editor: { name: "ann" } });
    t.match(await get(double, `${REPO}/issues?status=all&since=2026-11-25`), { json: { total_issues: 1 } });
  },
);

t.test("a project is found in whatever case, and the last number is given again when its issue is gone", async (t) => {
  const double = await start(t);
  const opened = await post(double, "Releng/AMI-Reports/new_issue", DRAFT);
  t.match(opened, { status: 200, json: { issue: { id: 1, full_url: `${double.url}/releng/ami-reports/issue/1` } } });
  double.tracker.remove(REPO, 1);
  t.match(await post(double, `${REPO}/new_issue`, DRAFT), { json: { issue: { id: 1 } } });
});

t.test("two tags of one name are a fault of the database, and nothing is written", async (t) => {
  const double = await start(t);
  const twice = await post(double, `${REPO}/new_issue`, { ...DRAFT, tag: "amis, amis" });
  t.match(twice, { status: 400, json: { error_code: "EDBERROR" } });
  t.same(double.tracker.issues(REPO), []);
  t.match(await post(double, `${REPO}/new_issue`, { ...DRAFT, tag: "amis,AMIs" }), { status: 200 });
});

t.test("what could be a project's path is answered as one that is not there, with JSON", async (t) => {
  const double = await start(t);
  for (const path of ["nothing", "nothing/here", "-/whoami"])
    t.match(
      await get(double, path),
      { status: 404, type: "application/json", json: { error_code: "ENOPROJECT" } },
      path,
    );
});

t.test("the list is paged: total_issues counts this page, and next leads to the end", async (t) => {
  const double = await start(t);
  for (let day = 1; day <= 45; day += 1) {
    double.tracker.open(REPO, { title: `day ${day}`, content: "x", author: "bot" });
  }
  const first = await get(double, `${REPO}/issues?author=bot`);
  t.match(first.json, { total_issues: 20, pagination: { page: 1, pages: 3, per_page: 20, prev: null } });
  t.match(first.json, { issues: [{ id: 45 }] }, "newest first");
  const third = await get(double, `${REPO}/issues?page=3&author=bot`);
  t.match(third.json, { total_issues: 5, pagination: { next: null, prev: /author=bot.*page=2/ } });
  t.match(await get(double, `${REPO}/issues?order=asc&per_page=1`), { json: { issues: [{ id: 1 }] } });
  t.match(await get(double, `${REPO}/issues?page=0`), { status: 400, json: { error_code: "EINVALIDREQ" } });
  const tooMany = await get(double, `${REPO}/issues?per_page=101`);
  t.match(tooMany, { status: 400, json: { error_code: "EINVALIDPERPAGEVALUE" } });
});

t.test("the list is filtered by status, tags, author, assignee and the day of the last update", async (t) => {
  let now = NOW;
  const double = await start(t, { now: () => now });
  double.tracker.open(REPO, { title: "old", content: "x", author: "bot", tags: ["amis"] });
  now += 2 * 86_400_000;
  double.tracker.open(REPO, { title: "new", content: "x", author: "ann", assignee: "bob", tags: ["amis", "odd"] });
  double.tracker.open(REPO, { title: "shut", content: "x", author: "ann" });
  double.tracker.setStatus(REPO, 3, "ann", "Closed", "Invalid");
  double.tracker.open(REPO, { title: "secret", content: "x", author: "ann", isPrivate: true });
  const titles = async (query: string) => {
    const { json } = await get(double, `${REPO}/issues?order=asc&${query}`);
    return (json["issues"] as { title: string }[]).map(({ title }) => title);
  };
  t.same(await titles(""), ["old", "new"], "open ones by default, private ones never without their author's token");
  t.same(await titles("status=all"), ["old", "new", "shut"]);
  t.same(await titles("status=Closed"), ["shut"]);
  t.same(await titles("status=Invalid"), ["shut"]);
  t.same(await titles("tags=amis&tags=!odd"), ["old"]);
  t.same(await titles("author=ann"), ["new"]);
  t.same(await titles("assignee=bob"), ["new"]);
  t.same(await titles("since=2026-11-25"), ["new"]);
  t.same(await titles(`since=${NOW / 1000}`), ["old", "new"]);
  double.tracker.comment(REPO, 1, "ann", "still here");
  t.same(await titles("since=2026-11-25"), ["old", "new"], "a comment is an update");
  t.match(await get(double, `${REPO}/issues?since=soon`), { status: 400, json: { error_code: "EDATETIME" } });
  t.match(await get(double, `${REPO}/issues?since=1e30`), { status: 400, json: { error_code: "ETIMESTAMP" } });
  t.match(await get(double, `${REPO}/issue/4`), { status: 403, json: { error_code: "EISSUENOTALLOWED" } });
});

t.test("whoami names the token's user, and a bad token is refused everywhere with Pagure's words", async (t) => {
  const double = await start(t);
  const refused = (errors: string) => ({ status: 401, json: { error_code: "EINVALIDTOK", errors } });
  const create = (token: string | null) => post(double, `${REPO}/new_issue`, DRAFT, token);
  double.setToken("stale", { user: "bot", expiresAt: NOW });
  double.setToken("narrow", { user: "bot", acls: ["issue_comment"] });
  double.setToken("foreign", { user: "bot", project: "other" });

  t.same((await post(double, "-/whoami", {})).json, { username: "bot" });
  t.match(await post(double, "-/whoami", {}, null), { status: 401, json: { error_code: "EINVALIDTOK" } });
  t.match(await create(null), refused("Invalid token"));
  t.match(await create("wrong"), refused("Invalid token"));
  t.match(await create("stale"), refused("Expired token"));
  t.match(await create("narrow"), refused("Missing ACLs: issue_create"));
  t.match(await create("foreign"), { status: 401, json: { error_code: "EINVALIDTOK", errors: undefined } });
  double.tracker.open(REPO, { title: "x", content: "x", author: "bot" });
  double.setToken("unbound", { user: "bot", acls: ["issue_update"] });
  const edited = await post(double, `${REPO}/issue/1`, DRAFT, "unbound");
  t.match(edited, { status: 401, json: { error_code: "EINVALIDTOK" } }, "only a token of the project edits");
  const listed = await get(double, `${REPO}/issues`, { authorization: "token stale" });
  t.match(listed, refused("Expired token"), "also where no token is needed");
  t.match(double.tracker.issues(REPO), [{ title: "x" }], "nothing was written");
});

t.test("a project, a tracker or an issue that is not there is told apart", async (t) => {
  const double = await start(t);
  t.match(await get(double, "nowhere/issues"), { status: 404, json: { error_code: "ENOPROJECT" } });
  t.match(await get(double, `${REPO}/issue/9`), { status: 404, json: { error_code: "ENOISSUE" } });
  double.tracker.setProject(REPO, { tracker: "read-only" });
  t.match(await post(double, `${REPO}/new_issue`, DRAFT), { status: 401, json: { error_code: "ETRACKERREADONLY" } });
  t.equal((await get(double, `${REPO}/issues`)).status, 200);
  double.tracker.setProject(REPO, { tracker: "disabled" });
  t.match(await get(double, `${REPO}/issues`), { status: 404, json: { error_code: "ETRACKERDISABLED" } });
  double.tracker.setProject(REPO, { tracker: "open", blockedUsers: ["bot"] });
  t.match(await post(double, `${REPO}/new_issue`, DRAFT), { status: 403, json: { error_code: "EUBLOCKED" } });
});

t.test("missing, blank and unknown fields are refused by name", async (t) => {
  const double = await start(t);
  const create = async (form: Record<string, string>) => post(double, `${REPO}/new_issue`, form);
  const errors = { title: ["This field is required."], issue_content: ["This field is required."] };
  t.match(await create({}), { status: 400, json: { error_code: "EINVALIDREQ", errors } });
  t.match(await create({ ...DRAFT, title: "  " }), { status: 400, json: { errors: { title: errors.title } } });
  t.match(await create({ ...DRAFT, tags: "x" }), { status: 400, json: { errors: { tags: ["Unknown field."] } } });
  t.match(await create({ ...DRAFT, priority: "7" }), { status: 400, json: { errors: { priority: Array } } });
});

t.test(
  "a body above the limit is answered 413, an unknown path 404 and a wrong method 405, with a web page",
  async (t) => {
    const double = await start(t);
    const web = (status: number) => ({ status, type: /^text\/html/, text: /^<!doctype html>/ });
    const long = { ...DRAFT, issue_content: "x".repeat(4 * 1024 * 1024) };
    t.match(await post(double, `${REPO}/new_issue`, long), web(413));
    t.match(await get(double, `${REPO}/isues`), web(404));
    t.match(await post(double, `${REPO}/issues`, {}), web(405));
  },
);

t.test("each call is journalled without its token, and a listener hears of it", async (t) => {
  const double = await start(t);
  const heard = new Promise<JournalEntry>((resolve) => double.onCall(resolve));
  await post(double, `${REPO}/new_issue`, DRAFT);
  const entry = await heard;
  t.same(entry, {
    at: NOW,
    method: "POST",
    path: "/api/0/releng/ami-reports/new_issue",
    query: "",
    form: DRAFT,
    hasToken: true,
    status: 200,
    created: { kind: "issue", project: REPO, issueId: 1 },
    trouble: null,
  });
  t.same(double.journal, [entry]);
  t.notMatch(JSON.stringify(double.journal), /bot-token/);
});
