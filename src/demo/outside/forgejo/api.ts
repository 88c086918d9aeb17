import { ApiError, authenticate, checkScope, mustBeSigned, notFound, type TokenRights } from "./access.ts";
import { pageOf, readFields, readSince } from "./requests.ts";
import { commentJson, issueJson, labelJson, repoJson, userJson, type Site } from "./shape.ts";
import { jsonReply, type Created, type ForgeRequest, type Reply } from "../forge.ts";
import { answerOfTeams, type Team } from "./teams.ts";
import type { ForgeIssue, ProjectSettings, Tracker } from "../tracker.ts";
import type { Instant } from "../../../domain/time.ts";

/** What the calls work on. */
export interface ForgejoWorld {
  readonly base: string;
  readonly tracker: Tracker;
  readonly tokens: ReadonlyMap<string, TokenRights>;
  readonly teams: readonly Team[];
  readonly now: () => Instant;
  /** The most entries of a page. */
  readonly mostItems: number;
}

/** A call, its repo resolved. */
interface Call {
  readonly world: ForgejoWorld;
  readonly request: ForgeRequest;
  readonly rights: TokenRights | null;
  readonly settings: ProjectSettings;
  readonly site: Site;
  readonly id: number;
}

type Handler = (call: Call) => Reply;

const REPO = /^\/api\/v1\/repos\/(?<repo>[^/]+\/[^/]+)(?<rest>\/.*)?$/;

/** The calls below a repo; a number in a path is the call's `id`. */
const HANDLERS: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  "/issues": { GET: listIssues, POST: newIssue },
  "/issues/comments": { GET: listAllComments },
  "/issues/comments/N": { PATCH: editComment },
  "/issues/N": { GET: viewIssue, PATCH: editIssue },
  "/issues/N/comments": { GET: listComments, POST: comment },
  "/labels": { GET: listLabels, POST: newLabel },
};

/** Answers a call as Forgejo does (routers/api/v1). Throws `ApiError`. */
export function answer(world: ForgejoWorld, request: ForgeRequest): Reply {
  const rights = authenticate(world.tokens, request.authorization, world.now());
  if (request.path === "/api/v1/user" && request.method === "GET") {
    checkScope(rights, "user", request.method);
    return jsonReply(200, userJson(world.base, mustBeSigned(rights).user));
  }
  const teams = answerOfTeams(world, request, rights);
  if (teams !== null) return teams;
  const { repo = "", rest = "" } = REPO.exec(request.path)?.groups ?? {};
  const id = Number(/\/(?<number>\d+)(?:\/|$)/.exec(rest)?.groups?.["number"] ?? 0);
  const handlers = HANDLERS[rest.replace(/\/\d+(?=\/|$)/, "/N")];
  if (repo === "" || (rest !== "" && handlers === undefined)) throw new ApiError(404, "404 page not found");
  checkScope(rights, rest === "" ? "repository" : "issue", request.method);
  const path = pathOf(world, request, repo, rights);
  const settings = world.tracker.settings(path);
  if (settings === null) throw notFound();
  const site = { base: world.base, path };
  const { tracker } = settings;
  if (rest === "")
    return jsonReply(200, repoJson(site, { hasIssues: tracker !== "disabled", isArchived: tracker === "read-only" }));
  const handler = handlers?.[request.method];
  if (handler === undefined) throw new ApiError(405, "Method Not Allowed");
  return handler({ world, request, rights, settings, site, id });
}

/** The repo's name as it was given first. Throws `ApiError`: it is not there, not for whoever asks, or elsewhere. */
function pathOf(world: ForgejoWorld, request: ForgeRequest, repo: string, rights: TokenRights | null): string {
  const path = world.tracker.nameOf(repo);
  const settings = path === null ? null : world.tracker.settings(path);
  if (path === null || settings === null)
    throw notFound(`user redirect does not exist [name: ${repo.split("/")[0] ?? ""}]`);
  if (settings.movedTo !== null) {
    const query = request.query.size > 0 ? `?${request.query.toString()}` : "";
    const location = request.path.replace(repo, settings.movedTo) + query;
    throw new ApiError(307, "Temporary Redirect", { more: null, headers: { location } });
  }
  if (settings.isHidden && !settings.writers.includes(rights?.user ?? "")) throw notFound();
  return path;
}

/** Who writes: signed in, to a repo that is not archived. Throws `ApiError`. */
function writer({ rights, settings, site }: Call): string {
  const { user } = mustBeSigned(rights);
  if (settings.tracker === "read-only") throw new ApiError(423, `<Repository 1:${site.path}> is archived`);
  return user;
}

function mustRead({ settings }: Call): void {
  if (settings.tracker === "disabled") throw notFound();
}

function isWriter({ settings, rights }: Call): boolean {
  return settings.writers.includes(rights?.user ?? "");
}

function mustNotBeBlocked({ settings }: Call, user: string): void {
  if (settings.blockedUsers.includes(user))
    throw new ApiError(403, "user is blocked by the poster or repository owner");
}

function findIssue({ world, site, id }: Call): ForgeIssue {
  const issue = world.tracker.issue(site.path, id);
  if (issue === null) throw notFound();
  return issue;
}

function shown(call: Call, issue: ForgeIssue): object {
  return issueJson(call.site, issue, (name) => call.world.tracker.tags(call.site.path).indexOf(name) + 1);
}

function paged(call: Call, items: readonly object[], hasLink: boolean): Reply {
  const { world, request } = call;
  const page = pageOf(items, { base: world.base, ...request }, { most: world.mostItems, hasLink });
  return jsonReply(200, page.items, { headers: page.headers });
}

function listIssues(call: Call): Reply {
  mustRead(call);
  const { world, request, site } = call;
  const { query } = request;
  const since = readSince(query);
  const [author, state] = [query.get("created_by"), query.get("state") ?? "open"];
  const all = world.tracker.issues(site.path);
  const people = new Set([...world.tokens.values()].map(({ user }) => user));
  for (const issue of all) people.add(issue.author);
  if (author !== null && !people.has(author)) throw notFound(`user does not exist [uid: 0, name: ${author}]`);
  const found = all
    .filter(({ author: theirs }) => author === null || theirs === author)
    .filter(({ status }) => state === "all" || status.toLowerCase() === state)
    .filter(({ updatedAt }) => since === null || updatedAt >= since)
    .toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  return paged(
    call,
    found.map((issue) => shown(call, issue)),
    true,
  );
}

/** The oldest first; it names no next page. */
function listAllComments(call: Call): Reply {
  mustRead(call);
  const since = readSince(call.request.query);
  const comments = call.world.tracker
    .issues(call.site.path)
    .flatMap((issue) => issue.comments.map((each) => ({ issue, each })))
    .filter(({ each }) => !each.isNotification && (since === null || (each.editedAt ?? each.createdAt) >= since))
    .toSorted((a, b) => a.each.createdAt - b.each.createdAt || a.each.id - b.each.id);
  return paged(
    call,
    comments.map(({ issue, each }) => commentJson(call.site, issue.id, each)),
    false,
  );
}

/** All at once, whatever page is asked for. */
function listComments(call: Call): Reply {
  mustRead(call);
  const issue = findIssue(call);
  const items = issue.comments
    .filter((each) => !each.isNotification)
    .map((each) => commentJson(call.site, issue.id, each));
  return jsonReply(200, items, { headers: { "x-total-count": String(items.length) } });
}

function viewIssue(call: Call): Reply {
  mustRead(call);
  return jsonReply(200, shown(call, findIssue(call)));
}

function newIssue(call: Call): Reply {
  const user = writer(call);
  const { title = "", body = "", labels = [] } = readFields(call.request, ["title"], ["body", "labels"]);
  mustRead(call);
  mustNotBeBlocked(call, user);
  const { tracker } = call.world;
  const known = tracker.tags(call.site.path);
  // Labels are for those who may write to the repo; of anybody else they are left out without a word.
  const tags = isWriter(call) && Array.isArray(labels) ? labels.flatMap((id) => known[Number(id) - 1] ?? []) : [];
  const issue = tracker.open(call.site.path, { title: String(title), content: String(body), author: user, tags });
  const created: Created = { kind: "issue", project: call.site.path, issueId: issue.id };
  return jsonReply(201, shown(call, issue), { created });
}

function editIssue(call: Call): Reply {
  const { user } = mustBeSigned(call.rights);
  const fields = readFields(call.request, [], ["title", "body"]);
  const issue = findIssue(call);
  if (issue.author !== user && !isWriter(call)) throw new ApiError(403, "", { more: null });
  const { title = issue.title, body = issue.content } = fields;
  return jsonReply(201, shown(call, call.world.tracker.edit(call.site.path, issue.id, String(title), String(body))));
}

function comment(call: Call): Reply {
  const user = writer(call);
  const { body = "" } = readFields(call.request, ["body"]);
  const issue = findIssue(call);
  mustRead(call);
  if (issue.isLocked && !isWriter(call)) throw new ApiError(403, "You cannot comment on a locked issue.");
  mustNotBeBlocked(call, user);
  const made = call.world.tracker.comment(call.site.path, issue.id, user, String(body));
  const created: Created = { kind: "comment", project: call.site.path, issueId: issue.id, commentId: made.id };
  return jsonReply(201, commentJson(call.site, issue.id, made), { created });
}

function editComment(call: Call): Reply {
  const user = writer(call);
  const { body = "" } = readFields(call.request, ["body"]);
  const { tracker } = call.world;
  const issue = tracker.issues(call.site.path).find(({ comments }) => comments.some(({ id }) => id === call.id));
  const old = issue?.comments.find(({ id }) => id === call.id);
  if (issue === undefined || old === undefined) throw notFound(`comment does not exist [id: ${call.id}, issue_id: 0]`);
  if (old.author !== user && !isWriter(call)) throw new ApiError(403, "", { more: null });
  tracker.editComment(call.site.path, issue.id, old.id, String(body), user);
  const edited = tracker.issue(call.site.path, issue.id)?.comments.find(({ id }) => id === old.id) ?? old;
  return jsonReply(200, commentJson(call.site, issue.id, edited));
}

function listLabels(call: Call): Reply {
  const labels = call.world.tracker.tags(call.site.path).map((name, index) => labelJson(call.site, index + 1, name));
  return paged(call, labels, false);
}

function newLabel(call: Call): Reply {
  mustBeSigned(call.rights);
  if (!isWriter(call)) throw new ApiError(403, "user should have a permission to write to a repo");
  const { name = "" } = readFields(call.request, ["name", "color"]);
  call.world.tracker.addTag(call.site.path, String(name));
  const id = call.world.tracker.tags(call.site.path).indexOf(String(name)) + 1;
  return jsonReply(201, labelJson(call.site, id, String(name)));
}
