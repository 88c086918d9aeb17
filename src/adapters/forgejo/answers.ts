import type { Instant } from "../../domain/time.ts";
import type { Issue, IssueComment } from "../forge/forge.ts";
import { fieldOf, textOf } from "../forge/json.ts";

/** What the adapter needs of Forgejo's answers; each reader returns null for another shape. Source: its API description. */

/** A repo, as far as it says why its issues cannot be read. */
interface Repo {
  readonly fullName: string;
  readonly hasIssues: boolean;
}

interface Label {
  readonly id: number;
  readonly name: string;
}

export function readLogin(body: unknown): string | null {
  return textOf(body, "login");
}

/** An account, by its number. */
export function readUser(body: unknown): { readonly id: number; readonly login: string } | null {
  const [id, login] = [fieldOf(body, "id"), readLogin(body)];
  return typeof id === "number" && login !== null ? { id, login } : null;
}

/** A team of an organisation, as a label has a number and a name. */
export function readTeam(body: unknown): Label | null {
  return readLabel(body);
}

export function readRepo(body: unknown): Repo | null {
  const [fullName, hasIssues] = [textOf(body, "full_name"), fieldOf(body, "has_issues")];
  return fullName === null || typeof hasIssues !== "boolean" ? null : { fullName, hasIssues };
}

export function readLabel(body: unknown): Label | null {
  const [id, name] = [fieldOf(body, "id"), textOf(body, "name")];
  return typeof id === "number" && name !== null ? { id, name } : null;
}

/** An issue without its comments, which Forgejo lists apart. */
export function readIssue(body: unknown): Issue | null {
  const id = fieldOf(body, "number");
  const title = textOf(body, "title");
  const author = readAuthor(body);
  const content = textOf(body, "body");
  const url = textOf(body, "html_url");
  const state = textOf(body, "state");
  if (typeof id !== "number" || title === null || author === null || content === null) return null;
  return url === null || state === null
    ? null
    : { id, title, author, content, url, isOpen: state === "open", comments: [] };
}

export function readComment(body: unknown): IssueComment | null {
  const id = fieldOf(body, "id");
  const author = readAuthor(body);
  const text = textOf(body, "body");
  const url = textOf(body, "html_url");
  if (typeof id !== "number" || author === null || text === null || url === null) return null;
  return { id, author, editors: readEditors(body), text, writtenAt: readWrittenAt(body), url, isNotification: false };
}

/** The number of the issue that a comment stands under; null: it is a pull request's, or says nothing. */
export function readIssueOf(body: unknown): number | null {
  const number = /\/issues\/(?<number>\d{1,9})$/.exec(textOf(body, "issue_url") ?? "")?.groups?.["number"];
  return number === undefined ? null : Number(number);
}

/** Forgejo's own words for a refusal, such as `token is required`; null where it gives none. */
export function readRefusal(body: unknown): string | null {
  const errors = fieldOf(body, "errors");
  const more = Array.isArray(errors) ? errors.filter((each) => typeof each === "string") : [];
  const words = [textOf(body, "message") ?? "", ...more].filter((each) => each !== "").join(", ");
  return words === "" ? null : words;
}

/**
 * The account; what was brought over from another forge stands under the account that did so, and is nobody's word here: its name
 * is then one that no account has.
 */
function readAuthor(body: unknown): string | null {
  const login = textOf(fieldOf(body, "user"), "login");
  const [original, originalId] = [textOf(body, "original_author"), fieldOf(body, "original_author_id")];
  const isBrought = (original !== null && original !== "") || (typeof originalId === "number" && originalId !== 0);
  return isBrought && login !== null ? `${original ?? ""} (brought over by ${login})` : login;
}

/** Whoever may write to the repo's issues can change a comment, and Forgejo says when that was, but not who did it. */
function readEditors(body: unknown): readonly string[] | null {
  const [created, updated] = readDates(body);
  return created === updated ? [] : null;
}

function readWrittenAt(body: unknown): Instant | null {
  const at = Math.max(...readDates(body));
  return Number.isFinite(at) ? at : null;
}

/** When it was written, and when it was changed last; `NaN` where it does not say. */
function readDates(body: unknown): readonly [created: Instant, updated: Instant] {
  return [Date.parse(textOf(body, "created_at") ?? ""), Date.parse(textOf(body, "updated_at") ?? "")];
}
