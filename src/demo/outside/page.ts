import type { ForgeRequest } from "./forge.ts";
import { renderMarkdown } from "./render.ts";
import type { ForgeIssue, Tracker } from "./tracker.ts";

/** How a forge's addresses name an issue, and a comment on its page. */
export interface Addressing {
  readonly issue: "issue" | "issues";
  readonly comment: "comment" | "issuecomment";
}

/** Readable on a small screen and by night; a table that is too wide scrolls by itself. */
const STYLE = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
article { border: 1px solid #8888; border-radius: 6px; margin: 1rem 0; overflow-x: auto; }
article > header { background: #8882; padding: 0.4rem 1rem; }
article > div { padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { border: 1px solid #8888; padding: 0.2rem 0.6rem; text-align: left; }
code { font-size: 0.9em; }
hr { display: none; }`;

/** The page of a public issue as people read it, without all that surrounds it; null: another path. */
export function issuePage(
  { tracker }: { readonly tracker: Tracker },
  request: ForgeRequest,
  words: Addressing,
): string | null {
  const path = /^\/(?!api\/)(?<project>.+)\/(?<word>issues?)\/(?<id>\d+)$/.exec(request.path)?.groups ?? {};
  const { project = "", word, id } = path;
  const name = tracker.nameOf(project);
  const issue = name === null ? null : tracker.issue(name, Number(id));
  if (request.method !== "GET" || word !== words.issue || issue === null || issue.isPrivate) return null;
  const title = escaped(issue.title);
  const posts = [{ ...issue, id: 0, text: issue.content }, ...issue.comments].map((post) => postHtml(post, words));
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${STYLE}</style></head>
<body>
<h1>${title}</h1>
<p>${escaped(project)} #${issue.id}, ${issue.status}${tagsOf(issue)}</p>
${posts.join("\n<hr>\n")}
</body>
</html>
`;
}

/** The issue's own text has no number. */
function postHtml(
  post: { readonly id: number; readonly author: string; readonly createdAt: number; readonly text: string },
  { comment }: Addressing,
): string {
  const at = new Date(post.createdAt).toISOString();
  const anchor = post.id === 0 ? "" : ` id="${comment}-${post.id}"`;
  const head = `<header><b>${escaped(post.author)}</b> <time datetime="${at}">${at.slice(0, 19).replace("T", " ")}</time></header>`;
  return `<article${anchor}>${head}\n<div>${renderMarkdown(post.text)}</div></article>`;
}

function tagsOf({ tags }: ForgeIssue): string {
  return tags.length === 0 ? "" : `, tagged ${tags.map(escaped).join(", ")}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
