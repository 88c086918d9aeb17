import { isReportTitle, repeatText } from "./day.ts";
import { placeOf, threadIdOf, type Forge, type Issue, type IssueComment, type IssuePlace } from "./forge.ts";
import { DEFAULT_TITLE } from "../../domain/report/report.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Comments, Thread } from "../../ports/index.ts";

export interface ForgeCommentOptions {
  /** Title of a day's report; `{day}` stands for the day. @default the report's own */
  readonly title?: string;
}

/** Stands in every post of a report. */
const POST = /clean-amis-part:/;
/** Stands in every post, answer and pointer of ours, whatever the title was when it was posted. */
const MARKER = /clean-amis-(?:part|answer|repeat):/;

/**
 * Comments on our issues, open or closed, and on those that notices in force stand on: also when our account, title or repo was
 * another one then. The forge's own notes of changes and our own posts do not count.
 */
export class ForgeComments implements Comments {
  readonly #forge: Forge;
  readonly #options: ForgeCommentOptions;
  /** Issues that a notice stands on, and whose changes the list of our issues shows. */
  readonly #listed = new Set<string>();
  #username: string | null = null;

  constructor(forge: Forge, options: ForgeCommentOptions) {
    this.#forge = forge;
    this.#options = options;
  }

  async *threads(
    sinceDay: string | null,
    threadIds: readonly string[],
    pages: readonly string[],
  ): AsyncIterable<Thread> {
    const name = await this.#user();
    const noticed = pages.flatMap((page) => this.#forge.placeAt(page) ?? []).map((place) => this.#idOf(place));
    const changed = (await this.#ownIssues(name, sinceDay)).filter(
      (issue) => issue.author === name && (this.#isReport(issue) || noticed.includes(String(issue.id))),
    );
    const apart = noticed.filter((id) => !this.#listed.has(id));
    const failures: unknown[] = [];
    for (const id of new Set([...changed.map((issue) => String(issue.id)), ...threadIds, ...apart])) {
      try {
        const issue = await this.#seen(placeOf(id, this.#forge));
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
    const place = this.#forge.placeAt(page);
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
    if (this.#forge.editsComments) return this.#editAll(threadId, { marker, first, repeats }, beforePost);
    const { marker: pointer, text } = repeatText(marker, first.url, this.#forge);
    if ((await this.#answersIn(issue, pointer)).length > 0) return repeats.length;
    await beforePost();
    const outcome = await this.#comment(threadId, text);
    if (typeof outcome === "object") throw outcome.unsure;
    return repeats.length;
  }

  /** Makes each repeat of an answer a pointer to the first. */
  async #editAll(
    threadId: string,
    { marker, first, repeats }: { marker: string; first: IssueComment; repeats: readonly IssueComment[] },
    beforePost: () => Promise<void>,
  ): Promise<number> {
    const { text } = repeatText(marker, first.url, this.#forge);
    for (const { id } of repeats) {
      await beforePost();
      await this.#forge.editComment(id, text, placeOf(threadId, this.#forge).repo);
    }
    return repeats.length;
  }

  async #comment(threadId: string, text: string): ReturnType<Comments["answer"]> {
    const place = placeOf(threadId, this.#forge);
    const { notThisRepo, notThisIssue } = this.#forge.codes;
    const closed = threadId.includes("#") ? notThisRepo : notThisIssue;
    try {
      await this.#forge.comment(place.number, text, place.repo);
      return "answered";
    } catch (error) {
      if (error instanceof RefusedError && closed.includes(error.code)) return "closed";
      if (error instanceof UpstreamError && this.#forge.mayHaveArrived(error)) return { unsure: error };
      throw error;
    }
  }

  async #user(): Promise<string> {
    return (this.#username ??= await this.#forge.whoAmI());
  }

  #idOf(place: IssuePlace): string {
    return threadIdOf(place, this.#forge);
  }

  /** With the token, as it shows us what was hidden from the public after somebody objected there; without it where it is refused. */
  async #ownIssues(name: string, sinceDay: string | null): Promise<readonly Issue[]> {
    try {
      return await this.#forge.changedBy(name, sinceDay, "user");
    } catch (error) {
      if (!isKnown(error) || !this.#forge.codes.token.includes(error.code)) throw error;
      return this.#forge.changedBy(name, sinceDay);
    }
  }

  #isReport(issue: Issue): boolean {
    return isReportTitle(issue.title, this.#options.title ?? DEFAULT_TITLE) || isMarked(issue);
  }

  async #ourIssue(threadId: string): Promise<Issue | null> {
    const name = await this.#user();
    const issue = await this.#seen(placeOf(threadId, this.#forge));
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
      return await this.#forge.issue(number, "public", repo);
    } catch (error) {
      const isGone = this.#isGone(error) || this.#isHidden(error);
      if (isGone || (!isHere && error instanceof RefusedError)) return null;
      throw error;
    }
  }

  #isGone(error: unknown): boolean {
    return isKnown(error) && this.#forge.codes.gone.includes(error.code);
  }

  #isHidden(error: unknown): boolean {
    return isKnown(error) && this.#forge.codes.hidden.includes(error.code);
  }

  #isHere(place: IssuePlace): boolean {
    return !this.#idOf(place).includes("#");
  }

  /** As the public sees it, or else as we do; null: it is gone, or hidden from us as well. */
  async #seen({ repo, number }: IssuePlace): Promise<Issue | null> {
    const isHere = this.#isHere({ repo, number });
    for (const reader of ["public", "user"] as const)
      try {
        return await this.#forge.issue(number, reader, repo);
      } catch (error) {
        if (!this.#isGone(error) && !this.#isHidden(error)) throw error;
        if (this.#isGone(error) || !isHere) return null;
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
      url: comment.url,
    })),
  };
}
