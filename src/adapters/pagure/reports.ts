import type { Issue } from "./answers.ts";
import { mayHaveArrived, PagureCalls } from "./calls.ts";
import type { PagureAccess } from "./calls.ts";
import { copiesOf, findDaysIssues, isPointed, NOT_THIS_ISSUE, pointerText, REPEATED, titleOfNumber } from "./day.ts";
import type { DaysIssue } from "./day.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Log, PostAddress, Published, Post, Reports } from "../../ports/index.ts";

export interface PagureOptions extends PagureAccess {
  /** Put on each day's issue; those that the project does not know are created by Pagure. */
  readonly tags: readonly string[];
  readonly log?: Log;
}

/**
 * Reports as issues of a Pagure repo: a day's first post opens the day's issue, the further ones are its comments. Pagure
 * has no idempotency key (its API repeats every repeated POST), so each post is looked for by its marker before it is posted,
 * and read back afterwards. Publish one post at a time: two at once could each open the day's issue.
 * Throws `ConfigError` for an address, a repo or a token of the wrong form.
 */
export function openPagure(options: PagureOptions): Reports {
  return new PagureReports(options);
}

/** Of a day. Somebody, or a robot, who closes each at once is not worth more of them. */
const MOST_ISSUES = 9;

class PagureReports implements Reports {
  readonly #calls: PagureCalls;
  readonly #options: PagureOptions;
  #username: string | null = null;

  constructor(options: PagureOptions) {
    this.#options = options;
    this.#calls = new PagureCalls(options);
  }

  async check(): Promise<{ user: string }> {
    this.#username = await this.#calls.whoAmI();
    return { user: this.#username };
  }

  async publish(post: Post, beforePost: () => Promise<void>): Promise<Published> {
    if (!post.text.includes(post.marker)) throw new Error(`The post lacks its own marker ${post.marker}.`);
    const issues = await this.#lookFor(post);
    const [copy] = copiesOf(post, issues, await this.#user());
    if (copy !== undefined) return { url: copy.issue.url };
    await beforePost();
    let isSent = false;
    try {
      const id = await this.#post(post, issues);
      isSent = true;
      const [seen] = copiesOf(post, [await this.#calls.issue(id)], await this.#user());
      if (seen !== undefined) return { url: seen.issue.url };
    } catch (error) {
      if (error instanceof UpstreamError && (isSent || mayHaveArrived(error))) return { unsure: error };
      throw error;
    }
    return { unsure: notSeen(post) };
  }

  async posted({ day, title }: Pick<Post, "day" | "title">): Promise<readonly string[]> {
    const user = await this.#user();
    const issues = await findDaysIssues(this.#calls, day, title, user);
    return issues.flatMap(({ content, comments }) => [
      content,
      ...comments.filter(({ author }) => author === user).map(({ text }) => text),
    ]);
  }

  async mergeRepeats(address: PostAddress, beforePost: () => Promise<void>): Promise<number> {
    const user = await this.#user();
    const issues = await this.#lookFor(address);
    const [first, ...repeats] = copiesOf({ ...address, names: [] }, issues, user);
    const pointed = issues.filter((issue) => isPointed(address.marker, issue, user)).map(({ id }) => id);
    const refusals: RefusedError[] = [];
    for (const { issue, isComment } of repeats) {
      const pointer = pointerText(address.marker, first?.issue.url ?? "");
      if (pointed.includes(issue.id)) continue;
      pointed.push(issue.id);
      await beforePost();
      try {
        if (isComment || !(await this.#edit(issue, pointer))) await this.#calls.comment(issue.id, pointer);
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        refusals.push(error);
      }
    }
    const [refusal] = refusals;
    if (refusal !== undefined) throw refusal;
    return repeats.length;
  }

  async #user(): Promise<string> {
    return this.#username ?? (await this.check()).user;
  }

  /** Our own issues of that day as the public sees them, the one that is written to last; of a title the oldest. */
  async #lookFor({ day, title }: PostAddress): Promise<readonly DaysIssue[]> {
    return findDaysIssues(this.#calls, day, title, await this.#user());
  }

  /**
   * Resolves to the number of the issue that was written to. People look at open issues: a day goes on in another one when
   * somebody closed it.
   */
  async #post(post: Post, issues: readonly DaysIssue[]): Promise<number> {
    const newest = issues.at(-1);
    if (newest === undefined) return this.#open(post, 1);
    const open = issues.findLast(({ isOpen }) => isOpen);
    if (open === undefined && newest.number < MOST_ISSUES) return this.#open(post, newest.number + 1);
    const latest = open ?? newest;
    try {
      await this.#calls.comment(latest.id, `${post.continuation}\n\n${post.text}`);
      return latest.id;
    } catch (error) {
      if (!(error instanceof RefusedError) || !NOT_THIS_ISSUE.includes(error.code)) throw error;
      // Somebody closed this issue to us: the day goes on in another one.
      this.#options.log?.warn({ issue: latest.url, error: error.message }, "the day's issue takes no comment");
      return this.#open(post, newest.number + 1);
    }
  }

  #open(post: Post, number: number): Promise<number> {
    const { tags } = this.#options;
    return this.#calls.newIssue(titleOfNumber(post.title, number), `${post.opening}\n\n${post.text}`, tags);
  }

  /** Makes a repeated issue a pointer; false when the token may not edit. */
  async #edit(issue: Issue, pointer: string): Promise<boolean> {
    try {
      await this.#calls.editIssue(issue.id, `${issue.title}${REPEATED}`, pointer);
      return true;
    } catch (error) {
      if (error instanceof RefusedError) return false;
      throw error;
    }
  }
}

function notSeen({ marker, day }: Post): UpstreamError {
  const message = `pagure: the post ${marker} of ${day} was accepted, but does not stand where the public reads it; it is looked for again later`;
  return new UpstreamError("pagure", "NOT_SEEN", message);
}
