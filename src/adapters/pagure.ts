import { DAY_MS, dayOf } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import type { Log, ReportPart, Reports } from "../ports.ts";
import type { Issue } from "./pagure-answers.ts";
import { PagureCalls } from "./pagure-calls.ts";
import type { PagureAccess } from "./pagure-calls.ts";

export interface PagureOptions extends PagureAccess {
  /** Put on each day's issue; those that the project does not know are created by Pagure. */
  readonly tags: readonly string[];
  readonly log?: Log;
}

/**
 * Reports as issues of a Pagure repo: a day's first part opens the day's issue, the further ones are its comments. Pagure
 * has no idempotency key (its API repeats every repeated POST), so each part is looked for by its marker before it is posted,
 * and read back afterwards. Publish one part at a time: two at once could each open the day's issue.
 * Throws `ConfigError` for an address, a repo or a token of the wrong form.
 */
export function openPagure(options: PagureOptions): Reports {
  const calls = new PagureCalls(options);
  let username: string | null = null;

  return {
    publish: async (part) => {
      if (!part.text.includes(part.marker)) throw new Error(`The report part lacks its own marker ${part.marker}.`);
      username ??= await calls.whoAmI();
      const found = await findDaysIssue(calls, part, username);
      if (found !== null) {
        const issue = await calls.issue(found.id);
        if (holds(issue, part.marker, username)) return { url: issue.url };
        await calls.comment(found.id, part.text);
      }
      const id = found?.id ?? (await calls.newIssue(part.title, part.text, options.tags));
      const seen = await calls.issue(id);
      if (!holds(seen, part.marker, username)) throw notSeen(seen, part);
      options.log?.info(
        { day: part.day, issue: seen.url, as: found === null ? "issue" : "comment" },
        "report part posted",
      );
      return { url: seen.url };
    },
  };
}

/**
 * Our own issue of this title, the oldest when there are several; an issue of that title by somebody else is not ours. The
 * day before the part's own is included, so that clocks that differ do not hide it.
 */
async function findDaysIssue(calls: PagureCalls, part: ReportPart, username: string): Promise<Issue | null> {
  const sinceDay = dayOf(Date.parse(`${part.day}T00:00:00Z`) - DAY_MS);
  const ours = (await calls.issuesBy(username, sinceDay))
    .filter((issue) => issue.title.trim() === part.title.trim() && issue.author === username)
    .toSorted((a, b) => a.id - b.id);
  return ours[0] ?? null;
}

/** Whether the part stands in the issue. Only our own comments count: anybody can quote a marker, or guess the next one. */
function holds(issue: Issue, marker: string, username: string): boolean {
  return (
    issue.content.includes(marker) ||
    issue.comments.some((comment) => comment.author === username && comment.text.includes(marker))
  );
}

function notSeen(issue: Issue, part: ReportPart): UpstreamError {
  const message = `pagure: the part ${part.marker} was accepted but does not stand in ${issue.url}; it is looked for again later`;
  return new UpstreamError("pagure", "NOT_SEEN", message);
}
