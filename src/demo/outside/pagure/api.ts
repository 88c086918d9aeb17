import { ApiError, authenticate, PageError } from "./access.ts";
import type { TokenRights } from "./access.ts";
import { checkChoice, checkFields, readForm, readList } from "./forms.ts";
import type { Created, ForgeRequest } from "../forge.ts";
import { listIssues } from "./list.ts";
import { issueJson } from "./shape.ts";
import type { ForgeIssue, Tracker } from "../tracker.ts";
import type { Instant } from "../../../domain/time.ts";

/** What the calls work on. */
export interface PagureWorld {
  /** The instance's address, without a slash at its end. */
  readonly base: string;
  readonly tracker: Tracker;
  readonly tokens: ReadonlyMap<string, TokenRights>;
  readonly now: () => Instant;
}

interface PagureReply {
  readonly body: object;
  readonly created: Created | null;
}

/** The repository's four forms, then the call. */
const ROUTE = new RegExp(
  "^/api/0/(?<project>fork/[^/]+/[^/]+(?:/[^/]+)?|[^/]+(?:/[^/]+)?)" +
    "/(?<call>new_issue|issues|issue/(?<id>[^/]+)(?:/(?<deed>comment|status))?)$",
);

/** A call, its project and issue resolved. */
interface Call {
  readonly world: PagureWorld;
  readonly request: ForgeRequest;
  readonly project: string;
  readonly id: string;
}

type Handler = (call: Call) => PagureReply;

const HANDLERS: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  new_issue: { POST: newIssue },
  issues: { GET: viewIssues },
  issue: { GET: viewIssue, POST: editIssue },
  comment: { POST: commentIssue },
  status: { POST: changeStatus },
};

/**
 * Answers a call as Pagure does (domain.md 7). Throws `ApiError`, and `PageError` where Pagure's framework answers with a
 * web page: most unknown paths (404), a wrong method (405), a body above the limit (413). A path that could be a project's is
 * answered as JSON: there is no such project.
 */
export function answer(world: PagureWorld, request: ForgeRequest): PagureReply {
  if (request.path === "/api/0/-/whoami" && request.method === "POST") return whoAmI(world, request);
  const { project, call, id, deed } = ROUTE.exec(request.path)?.groups ?? {};
  const isNumber = /^\d+$/.test(id ?? "");
  if (project === undefined || call === undefined || (deed !== undefined && !isNumber)) {
    if (request.method === "GET" && /^\/api\/0\/[^/]+(?:\/[^/]+)?$/.test(request.path))
      throw new ApiError(404, "ENOPROJECT");
    throw new PageError(404, "Not Found");
  }
  const handlers = HANDLERS[deed ?? (id === undefined ? call : "issue")] ?? {};
  const handler = handlers[request.method];
  if (handler === undefined) throw wrongMethod(Object.keys(handlers));
  return handler({ world, request, project: world.tracker.nameOf(project) ?? project, id: id ?? "" });
}

function wrongMethod(allowed: readonly string[]): PageError {
  return new PageError(405, "Method Not Allowed", { allow: allowed.join(", ") });
}

function whoAmI(world: PagureWorld, request: ForgeRequest): PagureReply {
  const rights = authenticate(world.tokens, request.authorization, world.now(), "optional");
  if (rights === null) throw new ApiError(401, "EINVALIDTOK");
  return { body: { username: rights.user }, created: null };
}

/** Who asks, or an `ApiError`: token first, then blocked users, the project, its tracker, the token's own project. */
function enter(call: Call, acls: readonly string[] | "optional", mustBeBound = false): TokenRights | null {
  const { world, request, project } = call;
  const rights = authenticate(world.tokens, request.authorization, world.now(), acls);
  const settings = world.tracker.settings(project);
  if (request.method === "POST" && settings?.blockedUsers.includes(rights?.user ?? "") === true) {
    throw new ApiError(403, "EUBLOCKED");
  }
  if (settings === null) throw new ApiError(404, "ENOPROJECT");
  if (settings.tracker === "disabled") throw new ApiError(404, "ETRACKERDISABLED");
  if (settings.tracker === "read-only" && request.method === "POST") throw new ApiError(401, "ETRACKERREADONLY");
  const isForeign = rights !== null && rights.project !== project && (rights.project !== null || mustBeBound);
  if (isForeign) throw new ApiError(401, "EINVALIDTOK");
  return rights;
}

/** Who writes; `enter` has refused a call without a token already. */
function writer(call: Call, acls: readonly string[], mustBeBound = false): string {
  const rights = enter(call, acls, mustBeBound);
  if (rights === null) throw new ApiError(401, "EINVALIDTOK", "Invalid token");
  return rights.user;
}

function findIssue(call: Call, reader: string | null): ForgeIssue {
  const issue = /^\d+$/.test(call.id) ? call.world.tracker.issue(call.project, Number(call.id)) : null;
  if (issue === null) throw new ApiError(404, "ENOISSUE");
  if (issue.isPrivate && issue.author !== reader) throw new ApiError(403, "EISSUENOTALLOWED");
  return issue;
}

function newIssue(call: Call): PagureReply {
  const user = writer(call, ["issue_create"]);
  const { world, project } = call;
  const settings = world.tracker.settings(project);
  const form = readForm(call.request);
  checkFields(form, ["title", "issue_content"], ["private", "priority", "milestone", "tag", "assignee"]);
  checkChoice(form, "priority", Object.keys(settings?.priorities ?? {}));
  checkChoice(form, "milestone", settings?.milestones ?? []);
  const tags = readList(form["tag"]);
  // The database refuses the second of two tags of one name.
  if (new Set(tags).size < tags.length) throw new ApiError(400, "EDBERROR");
  const issue = world.tracker.open(project, {
    title: form["title"] ?? "",
    content: form["issue_content"] ?? "",
    author: user,
    isPrivate: !["", "0", "false", "False"].includes(form["private"] ?? ""),
    tags,
    assignee: (form["assignee"] ?? "").trim() || null,
    priority: form["priority"] ? Number(form["priority"]) : null,
    milestone: form["milestone"] || null,
  });
  return {
    body: { message: "Issue created", issue: issueJson(world.base, project, issue) },
    created: { kind: "issue", project, issueId: issue.id },
  };
}

function viewIssues(call: Call): PagureReply {
  const reader = enter(call, "optional")?.user ?? null;
  const { base, tracker } = call.world;
  const scope = { base, path: call.project, issues: tracker.issues(call.project), reader };
  return { body: listIssues(scope, call.request.query), created: null };
}

function viewIssue(call: Call): PagureReply {
  const reader = enter(call, "optional")?.user ?? null;
  checkFields(Object.fromEntries(call.request.query), [], ["comments"]);
  const withComments = ["1", "true", "t", "y"].includes((call.request.query.get("comments") ?? "true").toLowerCase());
  return { body: issueJson(call.world.base, call.project, findIssue(call, reader), withComments), created: null };
}

function editIssue(call: Call): PagureReply {
  const issue = findIssue(call, writer(call, ["issue_update"], true));
  const form = readForm(call.request);
  checkFields(form, ["title", "issue_content"], ["private", "priority", "milestone"]);
  const { base, tracker } = call.world;
  const edited = tracker.edit(call.project, issue.id, (form["title"] ?? "").trim(), form["issue_content"] ?? "");
  return { body: { message: "Issue edited", issue: issueJson(base, call.project, edited) }, created: null };
}

function commentIssue(call: Call): PagureReply {
  const user = writer(call, ["issue_comment", "issue_update"]);
  const issue = findIssue(call, user);
  const form = readForm(call.request);
  checkFields(form, ["comment"], []);
  const comment = call.world.tracker.comment(call.project, issue.id, user, form["comment"] ?? "");
  return {
    body: { message: "Comment added", avatar_url: `${call.world.base}/avatar/${user}`, user },
    created: { kind: "comment", project: call.project, issueId: issue.id, commentId: comment.id },
  };
}

function changeStatus(call: Call): PagureReply {
  const user = writer(call, ["issue_change_status", "issue_update"]);
  const issue = findIssue(call, user);
  const form = readForm(call.request);
  checkFields(form, ["status"], ["close_status"]);
  const closeStatuses = call.world.tracker.settings(call.project)?.closeStatuses ?? [];
  checkChoice(form, "status", ["Open", "Closed", ...closeStatuses]);
  checkChoice(form, "close_status", closeStatuses);
  const asked = form["status"] ?? "";
  // A close status given as the status closes, too.
  const closeStatus = form["close_status"] || (closeStatuses.includes(asked) ? asked : null);
  const status = asked === "Open" ? "Open" : "Closed";
  const messages = call.world.tracker.setStatus(call.project, issue.id, user, status, closeStatus);
  return { body: { message: messages.length > 0 ? messages : "No changes" }, created: null };
}
