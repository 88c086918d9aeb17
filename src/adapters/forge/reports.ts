import { copiesOf, findDaysIssues, isPointed, pointerText, REPEATED, titleOfNumber } from "./day.ts";
import type { Copy, DaysIssue } from "./day.ts";
import type { Forge } from "./forge.ts";
import { RefusedError, UpstreamError } from "../../errors.ts";
import type { Log, PostAddress, Published, Post, Reports } from "../../ports/index.ts";

export interface ForgeReportOptions {
  /** Put on each day's issue, as far as the forge can. */
  readonly tags: readonly string[];
  readonly log?: Log;
}

/** Of a day. Somebody, or a robot, who closes each at once is not worth more of them. */
const MOST_ISSUES = 9;

/**
 * Reports as issues: a day's first post opens the day's issue, the further ones are its comments. No forge has an idempotency key,
 * so each post is looked for by its marker before it is posted, and read back afterwards. Publish one post at a time: two at once
 * could each open the day's issue.
 */
export class ForgeReports implements Reports {
  readonly #forge: Forge;
  readonly #options: ForgeReportOptions;
  #username: string | null = null;

  constructor(forge: Forge, options: ForgeReportOptions) {
    this.#forge = forge;
    this.#options = options;
  }

  async check(): Promise<{ user: string }> {
    this.#username = await this.#forge.whoAmI();
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
      const [seen] = copiesOf(post, [await this.#forge.issue(id)], await this.#user());
      if (seen !== undefined) return { url: seen.issue.url };
    } catch (error) {
      if (error instanceof UpstreamError && (isSent || this.#forge.mayHaveArrived(error))) return { unsure: error };
      throw error;
    }
    return { unsure: notSeen(post, this.#forge) };
  }

  async posted({ day, title }: Pick<Post, "day" | "title">): Promise<readonly string[]> {
    const user = await this.#user();
    const issues = await findDaysIssues(this.#forge, day, title, user);
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
    for (const repeat of repeats) {
      const { issue, comment } = repeat;
      const pointer = pointerText(address.marker, first?.comment?.url ?? first?.issue.url ?? "", this.#forge);
      const isSaid = pointed.includes(issue.id);
      if (isSaid && (comment === null || !this.#forge.editsComments)) continue;
      pointed.push(issue.id);
      await beforePost();
      try {
        if (!(await this.#edit(repeat, pointer)) && !isSaid) await this.#forge.comment(issue.id, pointer);
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
    return findDaysIssues(this.#forge, day, title, await this.#user());
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
      await this.#forge.comment(latest.id, `${post.continuation}\n\n${post.text}`);
      return latest.id;
    } catch (error) {
      if (!(error instanceof RefusedError) || !this.#forge.codes.notThisIssue.includes(error.code)) throw error;
      // Somebody closed this issue to us: the day goes on in another one.
      this.#options.log?.warn({ issue: latest.url, error: error.message }, "the day's issue takes no comment");
      return this.#open(post, newest.number + 1);
    }
  }

  #open(post: Post, number: number): Promise<number> {
    const { tags } = this.#options;
    return this.#forge.newIssue(titleOfNumber(post.title, number), `${post.opening}\n\n${post.text}`, tags);
  }

  /** Makes a repeat a pointer; false when that cannot be done there, or not with this token. */
  async #edit({ issue, comment }: Copy, pointer: string): Promise<boolean> {
    try {
      if (comment === null) await this.#forge.editIssue(issue.id, `${issue.title}${REPEATED}`, pointer);
      else if (this.#forge.editsComments) await this.#forge.editComment(comment.id, pointer);
      else return false;
      return true;
    } catch (error) {
      if (error instanceof RefusedError) return false;
      throw error;
    }
  }
}

function notSeen({ marker, day }: Post, { service }: Forge): UpstreamError {
  const message = `${service}: the post ${marker} of ${day} was accepted, but does not stand where the public reads it; it is looked for again later`;
  return new UpstreamError(service, "NOT_SEEN", message);
}
