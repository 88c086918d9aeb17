import { SECOND_MS, type Instant } from "../../domain/time.ts";
import { fieldOf, readAll, textOf } from "../forge/json.ts";
import type { Issue, IssueComment } from "../forge/forge.ts";

/** What the adapter needs of Pagure's answers; each reader returns null for another shape. Source: pagure/lib/model.py. */

interface IssuePage {
  readonly issues: readonly Issue[];
  /** The query of the next page, with its question mark; null on the last one. */
  readonly nextQuery: string | null;
}

/** An error's code, such as `EINVALIDTOK`, and the most exact words that Pagure has for it; null where it gives none. */
interface Refusal {
  readonly code: string | null;
  readonly detail: string | null;
}

export function readUsername(body: unknown): string | null {
  return textOf(body, "username");
}

export function readNewIssueId(body: unknown): number | null {
  const id = fieldOf(fieldOf(body, "issue"), "id");
  return typeof id === "number" ? id : null;
}

export function readIssue(body: unknown): Issue | null {
  const id = fieldOf(body, "id");
  const title = textOf(body, "title");
  const author = textOf(fieldOf(body, "user"), "name");
  const content = textOf(body, "content");
  const url = textOf(body, "full_url");
  const isOpen = textOf(body, "status") === "Open";
  const comments = readAll(fieldOf(body, "comments"), (comment) => readComment(comment, url ?? ""));
  if (typeof id !== "number" || title === null || author === null || content === null) return null;
  return url === null || comments === null ? null : { id, title, author, content, url, isOpen, comments };
}

export function readIssuePage(body: unknown): IssuePage | null {
  const issues = readAll(fieldOf(body, "issues"), readIssue);
  const next = fieldOf(fieldOf(body, "pagination"), "next");
  if (issues === null) return null;
  if (next === null) return { issues, nextQuery: null };
  return typeof next === "string" && URL.canParse(next) ? { issues, nextQuery: new URL(next).search } : null;
}

/** `errors` is a string for a token, and an object of lists for a form; without it, `error` is all there is. */
export function readRefusal(body: unknown): Refusal {
  const errors = fieldOf(body, "errors");
  const fields = typeof errors === "object" && errors !== null ? Object.entries(errors) : [];
  const detail = fields.map(([field, complaints]) => `${field}: ${String(complaints)}`).join(", ");
  return {
    code: textOf(body, "error_code"),
    detail: (typeof errors === "string" ? errors : detail) || textOf(body, "error"),
  };
}

function readComment(body: unknown, issueUrl: string): IssueComment | null {
  const id = fieldOf(body, "id");
  const author = textOf(fieldOf(body, "user"), "name");
  const text = textOf(body, "comment");
  const isNotification = fieldOf(body, "notification") === true;
  if (typeof id !== "number" || author === null || text === null) return null;
  return {
    id,
    author,
    editors: readEditors(body),
    text,
    writtenAt: readWrittenAt(body),
    url: `${issueUrl}#comment-${id}`,
    isNotification,
  };
}

/** Pagure's instants are texts of seconds. */
function readWrittenAt(body: unknown): Instant | null {
  const [created, edited] = [textOf(body, "date_created"), textOf(body, "edited_on")];
  const at = Math.max(Number(created ?? NaN), Number(edited ?? created)) * SECOND_MS;
  return Number.isFinite(at) ? at : null;
}

/** Pagure keeps the last editor alone. What is odd or missing is somebody unknown, so that no other shape hides an editor. */
function readEditors(body: unknown): readonly string[] | null {
  const editor = fieldOf(body, "editor");
  if (editor === null && fieldOf(body, "edited_on") === null) return [];
  const name = textOf(editor, "name")?.trim() ?? "";
  return name === "" ? null : [name];
}
