import type { ForgeComment, ForgeIssue } from "../tracker.ts";
import type { Instant } from "../../../domain/time.ts";

/** An issue as Pagure writes it (domain.md 7): numbers as ids, instants as strings of epoch seconds. */
export function issueJson(base: string, path: string, issue: ForgeIssue, withComments = true): object {
  return {
    id: issue.id,
    title: issue.title,
    content: issue.content,
    status: issue.status,
    close_status: issue.closeStatus,
    date_created: seconds(issue.createdAt),
    last_updated: seconds(issue.updatedAt),
    closed_at: issue.closedAt === null ? null : seconds(issue.closedAt),
    user: userJson(base, issue.author),
    private: issue.isPrivate,
    tags: issue.tags,
    depends: [],
    blocks: [],
    assignee: issue.assignee === null ? null : userJson(base, issue.assignee),
    priority: issue.priority,
    milestone: issue.milestone,
    custom_fields: [],
    closed_by: issue.closedBy === null ? null : userJson(base, issue.closedBy),
    related_prs: [],
    full_url: `${base}/${path}/issue/${issue.id}`,
    comments: withComments ? issue.comments.map((comment) => commentJson(base, comment)) : [],
  };
}

function commentJson(base: string, comment: ForgeComment): object {
  return {
    id: comment.id,
    comment: comment.text,
    parent: null,
    date_created: seconds(comment.createdAt),
    user: userJson(base, comment.author),
    edited_on: comment.editedAt === null ? null : seconds(comment.editedAt),
    editor: comment.editor === null ? null : userJson(base, comment.editor),
    notification: comment.isNotification,
    reactions: {},
  };
}

function userJson(base: string, name: string): object {
  return { name, fullname: name, url_path: `user/${name}`, full_url: `${base}/user/${name}` };
}

/** With a fraction, as Python writes a number. */
function seconds(at: Instant): string {
  return at % 1000 === 0 ? `${at / 1000}.0` : String(at / 1000);
}

/** The `pagination` object of a list: `pages` counts them all, the urls repeat the query, `next` and `prev` may be null. */
export function paginationJson(address: string, query: URLSearchParams, page: number, perPage: number, total: number) {
  const pages = Math.ceil(total / perPage);
  const url = (number: number): string => {
    const repeated = new URLSearchParams(query);
    repeated.set("per_page", String(perPage));
    repeated.set("page", String(number));
    return `${address}?${repeated.toString()}`;
  };
  return {
    page,
    pages,
    per_page: perPage,
    first: url(1),
    last: url(pages),
    next: page < pages ? url(page + 1) : null,
    prev: page > 1 ? url(page - 1) : null,
  };
}
