import type { Issue, IssueComment } from "./answers.ts";
import { mayHaveArrived, PagureCalls, type PagureAccess } from "./calls.ts";
import { isReportTitle, NOT_THIS_ISSUE, repeatText } from "./day.ts";
import { placeAt, placeOf, threadIdOf, type IssuePlace } from "./places.ts";
import { DEFAULT_TITLE } from "../../domain/report/report.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Comments, Thread } from "../../ports/index.ts";

export interface PagureCommentOptions extends PagureAccess {
  /** Title of a day's report; `{day}` stands for the day. @default the report's own */
  readonly title?: string;
}

/** What an issue that was removed is asked for with, and one that is not for the public. */
const GONE = "ENOISSUE";
const HIDDEN = "EISSUENOTALLOWED";
const BAD_TOKEN = "EINVALIDTOK";
/** Stands in every post of a report. */
const POST = /clean-amis-part:/;
/** Stands in every post, answer and pointer of ours, whatever the title was when it was posted. */
const MARKER = /clean-amis-(?:part|answer|repeat):/;

/**
 * Comments on our issues, open or closed, and on those that notices in force stand on: also when our account, title or repo was
 * another one then. Pagure's own notes of changes and our own posts do not count. Throws `ConfigError` for an address, a repo or
 * a token of the wrong form.
 */
export function openPagureComments(options: PagureCommentOptions): Comments {
  return new PagureComments(options);
}

class PagureComments implements Comments {
  readonly #calls: PagureCalls;
  readonly #options: PagureCommentOptions;
  /** Issues that a notice stands on, and whose changes the list of our issues shows. */
  readonly #listed = new Set<string>();
  #username: string | null = null;

  constructor(options: PagureCommentOptions) {
    this.#calls = new PagureCalls(options);
    this.#options = options;
  }

  async *threads(
    sinceDay: string | null,
    threadIds: readonly string[],
    pages: readonly string[],
  ): AsyncIterable<Thread> {
    const name = await this.#user();
    const noticed = pages.flatMap((page) => placeAt(page, this.#options) ?? []).map((place) => this.#idOf(place));
    const changed = (await this.#ownIssues(name, sinceDay)).filter(
      (issue) => issue.author === name && (this.#isReport(issue) || noticed.includes(String(issue.id))),
    );
    const apart = noticed.filter((id) => !this.#listed.has(id));
    const failures: unknown[] = [];
    for (const id of new Set([...changed.map((issue) => String(issue.id)), ...threadIds, ...apart])) {
      try {
        const issue = await this.#seen(placeOf(id, this.#options));
        // A number is given again when its issue was removed: what stands there now may be somebody else's.
        if (issue === null || !isOurs(issue, name)) continue;
        if (issue.author === name && !id.includes("#")) this.#listed.add(id);
        yield threadOf(id, issue, name);
      } catch (error) {
        if (!isKnown(error)) throw error;
        failures.push(error);
      }
    }
    // One that cannot be read keeps no other from being read; but not all was read then.
    if (failures.length > 0) throw failures[0];
  }

  async untold(page: string, amiIds: readonly string[]): Promise<readonly string[]> {
    const place = placeAt(page, this.#options);
    if (place === null) return [];
    const issue = await this.#public(place);
    if (issue === null) return amiIds;
    const { author, content, comments } = issue;
    const posts = [{ author, text: content }, ...comments].filter(
      (each) => each.author === author && POST.test(each.text),
    );
    return amiIds.filter((amiId) => !posts.some(({ text }) => new RegExp(`${amiId}(?![0-9a-f])`).test(text)));
  }

  async answer(
    threadId: string,
    { marker, text }: { readonly marker: string; readonly text: string },
    beforePost: () => Promise<void>,
  ): ReturnType<Comments["answer"]> {
    const issue = await this.#ourIssue(threadId);
    if (issue === null) return "closed";
    if ((await this.#answersIn(issue, marker)).length > 0) return "answered";
    await beforePost();
    return this.#comment(threadId, text);
  }

  async mergeRepeats(threadId: string, marker: string, beforePost: () => Promise<void>): Promise<number> {
    const issue = await this.#ourIssue(threadId);
    if (issue === null) return 0;
    const [first, ...repeats] = await this.#answersIn(issue, marker);
    if (first === undefined || repeats.length === 0) return 0;
    const { marker: pointer, text } = repeatText(marker, `${issue.url}#comment-${first.id}`);
    if ((await this.#answersIn(issue, pointer)).length > 0) return repeats.length;
    await beforePost();
    const outcome = await this.#comment(threadId, text);
    if (typeof outcome === "object") throw outcome.unsure;
    return repeats.length;
  }

  async #comment(threadId: string, text: string): ReturnType<Comments["answer"]> {
    const place = placeOf(threadId, this.#options);
    // The token is bound to the repo of today.
    const closed = threadId.includes("#") ? [...NOT_THIS_ISSUE, BAD_TOKEN, "ENOPROJECT"] : NOT_THIS_ISSUE;
    try {
      await this.#calls.comment(place.number, text, place.repo);
      return "answered";
    } catch (error) {
      if (error instanceof RefusedError && closed.includes(error.code)) return "closed";
      if (error instanceof UpstreamError && mayHaveArrived(error)) return { unsure: error };
      throw error;
    }
  }

  async #user(): Promise<string> {
    return (this.#username ??= await this.#calls.whoAmI());
  }

  #idOf(place: IssuePlace): string {
    return threadIdOf(place, this.#options);
  }

  /** With the token, as it shows us what was hidden from the public after somebody objected there; without it where it is refused. */
  async #ownIssues(name: string, sinceDay: string | null): Promise<readonly Issue[]> {
    try {
      return await this.#calls.issuesBy(name, sinceDay, "user");
    } catch (error) {
      if (!isKnown(error) || error.code !== BAD_TOKEN) throw error;
      return this.#calls.issuesBy(name, sinceDay);
    }
  }

  #isReport(issue: Issue): boolean {
    return isReportTitle(issue.title, this.#options.title ?? DEFAULT_TITLE) || isMarked(issue);
  }

  async #ourIssue(threadId: string): Promise<Issue | null> {
    const name = await this.#user();
    const issue = await this.#seen(placeOf(threadId, this.#options));
    return issue !== null && isOurs(issue, name) ? issue : null;
  }

  async #answersIn({ comments }: Issue, marker: string): Promise<readonly IssueComment[]> {
    const name = await this.#user();
    return comments.filter(({ author, text }) => author === name && text.includes(marker));
  }

  /** As the public sees it; null: it is gone or hidden, or nothing of the project of yesterday can be read any more. */
  async #public({ repo, number }: IssuePlace): Promise<Issue | null> {
    const isHere = this.#isHere({ repo, number });
    try {
      return await this.#calls.issue(number, "public", repo);
    } catch (error) {
      const isGone = isKnown(error) && (error.code === GONE || error.code === HIDDEN);
      if (isGone || (!isHere && error instanceof RefusedError)) return null;
      throw error;
    }
  }

  #isHere(place: IssuePlace): boolean {
    return !this.#idOf(place).includes("#");
  }

  /** As the public sees it, or else as we do; null: it is gone, or hidden from us as well. */
  async #seen({ repo, number }: IssuePlace): Promise<Issue | null> {
    const isHere = this.#isHere({ repo, number });
    for (const reader of ["public", "user"] as const)
      try {
        return await this.#calls.issue(number, reader, repo);
      } catch (error) {
        if (!isKnown(error) || (error.code !== GONE && error.code !== HIDDEN)) throw error;
        if (error.code === GONE || !isHere) return null;
      }
    return null;
  }
}

/** Known to be a report of ours: also one that another account of ours posted, and one whose title and text somebody changed. */
function isOurs(issue: Issue, name: string): boolean {
  return issue.author === name || isMarked(issue);
}

/** Whether a mark of ours stands in it, where its author wrote. */
function isMarked({ author, content, comments }: Issue): boolean {
  return MARKER.test(content) || comments.some((comment) => comment.author === author && MARKER.test(comment.text));
}

function isKnown(error: unknown): error is RefusedError | UpstreamError {
  return error instanceof RefusedError || error instanceof UpstreamError;
}

/**
 * What people said. The token may be a person's own: what stands under that name without a mark of ours, and was changed by
 * nobody else, is theirs.
 */
function threadOf(id: string, issue: Issue, name: string): Thread {
  const isPersons = ({ author, editors, text }: IssueComment): boolean => {
    if (author !== name && author !== issue.author) return true;
    return !MARKER.test(text) && editors !== null && editors.every((editor) => editor === author);
  };
  const others = issue.comments.filter((comment) => !comment.isNotification && isPersons(comment));
  return {
    id,
    comments: others.map((comment) => ({
      id: String(comment.id),
      author: comment.author,
      editors: comment.editors,
      text: comment.text,
      writtenAt: comment.writtenAt,
      url: `${issue.url}#comment-${comment.id}`,
    })),
  };
}
