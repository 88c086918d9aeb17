/** What the adapter needs of Pagure's answers; each reader returns null for another shape. Source: pagure/lib/model.py. */

import { SECOND_MS, type Instant } from "../../domain/time.ts";

/** An issue with its comments, as far as the report needs it. */
export interface Issue {
  readonly id: number;
  readonly title: string;
  readonly author: string;
  readonly content: string;
  readonly url: string;
  readonly isOpen: boolean;
  readonly comments: readonly IssueComment[];
}

export interface IssueComment {
  readonly id: number;
  readonly author: string;
  /** Who changed its text last; empty: nobody did; null: it does not say. */
  readonly editors: readonly string[] | null;
  readonly text: string;
  /** When it was written or edited last; null: it does not say. */
  readonly writtenAt: Instant | null;
  /** Pagure wrote it itself, in the name of whoever changed something. */
  readonly isNotification: boolean;
}

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
  const comments = readAll(fieldOf(body, "comments"), readComment);
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

function readComment(body: unknown): IssueComment | null {
  const id = fieldOf(body, "id");
  const author = textOf(fieldOf(body, "user"), "name");
  const text = textOf(body, "comment");
  const isNotification = fieldOf(body, "notification") === true;
  if (typeof id !== "number" || author === null || text === null) return null;
  return { id, author, editors: readEditors(body), text, writtenAt: readWrittenAt(body), isNotification };
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

function readAll<T>(value: unknown, read: (item: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(value)) return null;
  const items: T[] = [];
  for (const raw of value as readonly unknown[]) {
    const item = read(raw);
    if (item === null) return null;
    items.push(item);
  }
  return items;
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function textOf(value: unknown, key: string): string | null {
  const text = fieldOf(value, key);
  return typeof text === "string" ? text : null;
}
