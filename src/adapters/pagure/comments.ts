import type { Issue } from "./answers.ts";
import { mayHaveArrived, PagureCalls, type PagureAccess } from "./calls.ts";
import { isReportTitle, NOT_THIS_ISSUE } from "./day.ts";
import { DEFAULT_TITLE } from "../../domain/report/report.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Comments, Thread } from "../../ports/index.ts";

export interface PagureCommentOptions extends PagureAccess {
  /** Title of a day's report; `{day}` stands for the day. @default the report's own */
  readonly title?: string;
}

/** What an issue that was removed, or made private, is asked for with. */
const HIDDEN = ["ENOISSUE", "EISSUENOTALLOWED"];
/** Stands in every post of a report, whatever its title was when it was posted. */
const MARKER = "clean-amis-part:";

/**
 * Comments on our open issues. Reading goes without the token, so what is read is what the public sees; Pagure's own notes of
 * changes, and what the token's user wrote, do not count. Throws `ConfigError` for an address, a repo or a token of
 * the wrong form.
 */
export function openPagureComments(options: PagureCommentOptions): Comments {
  const calls = new PagureCalls(options);
  let username: string | null = null;
  const user = async (): Promise<string> => (username ??= await calls.whoAmI());
  const isOurs = (issue: Issue, name: string): boolean =>
    issue.author === name &&
    issue.isOpen &&
    (isReportTitle(issue.title, options.title ?? DEFAULT_TITLE) || issue.content.includes(MARKER));
  return {
    threads: async function* (sinceDay, threadIds) {
      const name = await user();
      const listed = (await calls.issuesBy(name, sinceDay, "Open")).filter((issue) => isOurs(issue, name));
      const ids = new Set([...listed.map(({ id }) => id), ...threadIds.map(Number)]);
      const failures: unknown[] = [];
      for (const id of ids) {
        let issue: Issue | null = null;
        try {
          issue = await seen(id, calls);
        } catch (error) {
          if (!(error instanceof RefusedError || error instanceof UpstreamError)) throw error;
          failures.push(error);
        }
        if (issue !== null) yield threadOf(issue, name);
      }
      // One that cannot be read keeps no other from being read; but not all was read then.
      if (failures.length > 0) throw failures[0];
    },
    answer: async (threadId, { marker, text }, beforePost) => {
      const name = await user();
      const issue = await seen(Number(threadId), calls);
      if (issue === null) return "closed";
      if (issue.comments.some((comment) => comment.author === name && comment.text.includes(marker))) return "answered";
      await beforePost();
      try {
        await calls.comment(issue.id, text);
        return "answered";
      } catch (error) {
        if (error instanceof RefusedError && NOT_THIS_ISSUE.includes(error.code)) return "closed";
        if (error instanceof UpstreamError && mayHaveArrived(error)) return { unsure: error };
        throw error;
      }
    },
  };
}

async function seen(id: number, calls: PagureCalls): Promise<Issue | null> {
  try {
    return await calls.issue(id);
  } catch (error) {
    const isKnown = error instanceof RefusedError || error instanceof UpstreamError;
    if (isKnown && HIDDEN.includes(error.code)) return null;
    throw error;
  }
}

function threadOf({ id, url, comments }: Issue, name: string): Thread {
  const others = comments.filter(({ author, isNotification }) => author !== name && !isNotification);
  return {
    id: String(id),
    comments: others.map((comment) => ({
      id: String(comment.id),
      author: comment.author,
      editors: comment.editors,
      text: comment.text,
      url: `${url}#comment-${comment.id}`,
    })),
  };
}
