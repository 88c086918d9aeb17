import type { PagureWorld } from "./api.ts";
import type { ForgeRequest } from "../forge.ts";
import { renderMarkdown } from "../render.ts";

/** The page of a public issue as people read it, without all that surrounds it; null: another path. */
export function issuePage({ tracker }: Pick<PagureWorld, "tracker">, request: ForgeRequest): string | null {
  const { project = "", id } = /^\/(?!api\/)(?<project>.+)\/issue\/(?<id>\d+)$/.exec(request.path)?.groups ?? {};
  const name = tracker.nameOf(project);
  const issue = name === null ? null : tracker.issue(name, Number(id));
  if (request.method !== "GET" || issue === null || issue.isPrivate) return null;
  const comments = issue.comments.map(
    ({ id: number, text }) => `<div id="comment-${number}">${renderMarkdown(text)}</div>`,
  );
  return `<!doctype html>\n<title>${issue.title}</title>\n${[renderMarkdown(issue.content), ...comments].join("\n<hr>\n")}\n`;
}
