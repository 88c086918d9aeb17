import { ApiError } from "./access.ts";
import { checkFields } from "./forms.ts";
import { issueJson, paginationJson } from "./shape.ts";
import type { ForgeIssue } from "../tracker.ts";
import { isCalendarDate } from "../../../domain/time.ts";
import type { Instant } from "../../../domain/time.ts";

const FILTERS = ["status", "tags", "assignee", "author", "since", "order", "page", "per_page"];

/** Where a list is asked for, and by whom. */
interface ListScope {
  readonly base: string;
  readonly path: string;
  readonly issues: readonly ForgeIssue[];
  /** The token's user, who sees their own private issues; null: nobody. */
  readonly reader: string | null;
}

/** The answer to GET `…/issues`. `total_issues` is the length of this page, as in Pagure. Throws `ApiError` 400. */
export function listIssues(scope: ListScope, query: URLSearchParams): object {
  checkFields(Object.fromEntries(query), [], FILTERS);
  const since = readSince(query.get("since"));
  const page = readCount(query.get("page"), 1);
  const perPage = readCount(query.get("per_page"), 20);
  if (page < 1) throw new ApiError(400, "EINVALIDREQ");
  if (perPage < 1 || perPage > 100) throw new ApiError(400, "EINVALIDPERPAGEVALUE");

  const matching = scope.issues.filter(
    (issue) =>
      isSeen(issue, scope.reader) &&
      (since === null || issue.updatedAt >= since) &&
      hasStatus(issue, query.get("status")) &&
      hasTags(issue, query.getAll("tags")) &&
      hasPeople(issue, query.get("author"), query.get("assignee")),
  );
  matching.sort((a, b) => (a.createdAt - b.createdAt || a.id - b.id) * (query.get("order") === "asc" ? 1 : -1));
  const shown = matching.slice((page - 1) * perPage, page * perPage);
  return {
    total_issues: shown.length,
    issues: shown.map((issue) => issueJson(scope.base, scope.path, issue)),
    args: argsJson(query),
    pagination: paginationJson(`${scope.base}/api/0/${scope.path}/issues`, query, page, perPage, matching.length),
  };
}

/** A private issue is listed for its author and its assignee alone. */
function isSeen(issue: ForgeIssue, reader: string | null): boolean {
  return !issue.isPrivate || (reader !== null && [issue.author, issue.assignee].includes(reader));
}

function hasStatus(issue: ForgeIssue, status: string | null): boolean {
  const wanted = status ?? "Open";
  if (wanted.toLowerCase() === "all") return true;
  if (wanted.toLowerCase() === "closed") return issue.status === "Closed";
  return issue.status === wanted || issue.closeStatus === wanted;
}

/** Any of the tags, and none of those with an exclamation mark. */
function hasTags(issue: ForgeIssue, tags: readonly string[]): boolean {
  const wanted = tags.filter((tag) => !tag.startsWith("!"));
  const unwanted = tags.filter((tag) => tag.startsWith("!")).map((tag) => tag.slice(1));
  return (
    (wanted.length === 0 || wanted.some((tag) => issue.tags.includes(tag))) &&
    !unwanted.some((tag) => issue.tags.includes(tag))
  );
}

function hasPeople(issue: ForgeIssue, author: string | null, assignee: string | null): boolean {
  if (author !== null && issue.author !== author) return false;
  if (assignee?.startsWith("!") === true) return issue.assignee !== assignee.slice(1);
  return assignee === null || issue.assignee === assignee;
}

/** Epoch seconds or YYYY-MM-DD; null without one. */
function readSince(text: string | null): Instant | null {
  if (text === null || text === "") return null;
  if (!Number.isNaN(Number(text))) {
    const at = Math.trunc(Number(text)) * 1000;
    if (Number.isNaN(new Date(at).getTime())) throw new ApiError(400, "ETIMESTAMP");
    return at;
  }
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || !isCalendarDate(text.replaceAll("-", ""))) {
    throw new ApiError(400, "EDATETIME");
  }
  return Date.parse(`${text}T00:00:00Z`);
}

function readCount(text: string | null, absent: number): number {
  if (text === null || text === "") return absent;
  if (!/^-?\d+$/.test(text)) throw new ApiError(400, "EINVALIDREQ");
  return Number(text);
}

function argsJson(query: URLSearchParams): object {
  return {
    status: query.get("status"),
    tags: query.getAll("tags"),
    assignee: query.get("assignee"),
    author: query.get("author"),
    since: query.get("since"),
    order: query.get("order"),
    milestones: [],
    no_stones: null,
    priority: null,
  };
}
