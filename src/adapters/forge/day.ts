import { createHash } from "node:crypto";
import type { Forge, Issue, IssueComment } from "./forge.ts";
import { hidden } from "../../domain/markdown.ts";
import { DAY_IN_TITLE } from "../../domain/report/report.ts";
import { DAY_MS, dayOf } from "../../domain/time.ts";
import type { Post } from "../../ports/index.ts";

/** One of a day's issues: the first, or the one that went on when that took no more comments. */
export interface DaysIssue extends Issue {
  /** 1 for the day's title itself, 2 for `… (2)`. */
  readonly number: number;
}

/** What stands behind the title of a report that arrived twice. */
export const REPEATED = " (repeated by mistake)";

/** A place where a post stands. */
export interface Copy {
  readonly issue: Issue;
  /** Null: the issue's own text. */
  readonly comment: IssueComment | null;
}

/**
 * Our own issues of a day, by their number: whether open or closed, and with their comments, as the public sees them. An issue
 * of that title by somebody else is not ours; of several with one number the later ones come first, so that the oldest of the
 * highest number is the last. The day before the post's own is included, so that clocks that differ do not hide it.
 */
export async function findDaysIssues(
  forge: Pick<Forge, "issuesBy" | "issue">,
  day: string,
  title: string,
  username: string,
): Promise<readonly DaysIssue[]> {
  const sinceDay = dayOf(Date.parse(`${day}T00:00:00Z`) - DAY_MS);
  const found: DaysIssue[] = [];
  for (const { id, title: theirs, author } of await forge.issuesBy(username, sinceDay)) {
    const number = numberOf(theirs, title);
    if (author === username && number !== null) found.push({ ...(await forge.issue(id)), number });
  }
  return found.sort((a, b) => a.number - b.number || b.id - a.id);
}

export function titleOfNumber(title: string, number: number): string {
  return number === 1 ? title : `${title} (${number})`;
}

/** Whether an issue has the title of some day's report, the further ones of a day and those that arrived twice included. */
export function isReportTitle(title: string, form: string): boolean {
  const theirs = title.trim().replace(REPEATED, "");
  const [before = "", after = ""] = form.trim().split(DAY_IN_TITLE);
  const day = /^\d{4}-\d{2}-\d{2}/.exec(theirs.trim().slice(before.length))?.[0];
  return day !== undefined && numberOf(theirs, `${before}${day}${after}`) !== null;
}

function numberOf(theirs: string, title: string): number | null {
  const rest = theirs.trim().startsWith(title.trim()) ? theirs.trim().slice(title.trim().length) : "?";
  const number = rest === "" ? "1" : /^ \((?<number>[2-9]|[1-9]\d)\)$/.exec(rest)?.groups?.["number"];
  return number === undefined ? null : Number(number);
}

/**
 * Where the post stands, whole, the oldest first. Only our own comments count: anybody can quote a marker, or guess the next
 * one; and the title and text of our own issue can be changed by others, so what is named has to be there.
 */
export function copiesOf(
  { marker, names }: Pick<Post, "marker" | "names">,
  issues: readonly Issue[],
  username: string,
): readonly Copy[] {
  const isWhole = (text: string): boolean => text.includes(marker) && names.every((name) => text.includes(name));
  return issues
    .toSorted((a, b) => a.id - b.id)
    .flatMap((issue) => [
      ...(isWhole(issue.content) ? [{ issue, comment: null }] : []),
      ...issue.comments
        .filter(({ author, text }) => author === username && isWhole(text))
        .map((comment) => ({ issue, comment })),
    ]);
}

/** A line for a repeat. It does not hold the marker itself: it is no copy of the post. */
export function pointerText(marker: string, url: string, { name }: Pick<Forge, "name">): string {
  return repeatOf(
    `A part of this day's report was posted twice by mistake, because ${name}'s first answer was lost: see [the first](${url}). Each image counts once.`,
    pointerMarker(marker),
  );
}

/** The same for an answer to a comment; `marker` is the line's own. */
export function repeatText(
  marker: string,
  url: string,
  { name }: Pick<Forge, "name">,
): { readonly marker: string; readonly text: string } {
  const why = `An answer was posted twice by mistake, because ${name}'s first reply was lost: see [the first](${url}). It was carried out once.`;
  return { marker: pointerMarker(marker), text: repeatOf(why, pointerMarker(marker)) };
}

function repeatOf(why: string, marker: string): string {
  return `${why}\n\n${hidden(marker)}`;
}

export function isPointed(marker: string, { content, comments }: Issue, username: string): boolean {
  const pointer = pointerMarker(marker);
  return (
    content.includes(pointer) || comments.some(({ author, text }) => author === username && text.includes(pointer))
  );
}

function pointerMarker(marker: string): string {
  return `clean-amis-repeat:${createHash("sha256").update(marker).digest("hex").slice(0, 24)}`;
}
