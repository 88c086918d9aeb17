import { DAY_MS, type Instant } from "../domain/time.ts";
import type { UpstreamError } from "../errors.ts";
import type { Answer } from "./orders.ts";

/** One of our reports with what was said under it, the oldest first. */
export interface Thread {
  readonly id: string;
  readonly comments: readonly Comment[];
}

/** What somebody else than us wrote under a report. */
export interface Comment {
  /** Its own within its thread. */
  readonly id: string;
  /** The account's name. */
  readonly author: string;
  /** Accounts that changed its text after that, the last one at the end; null: nobody knows whether and who. */
  readonly editors: readonly string[] | null;
  readonly text: string;
  /** When it was written or edited last, by the tracker's clock; null: it does not say. */
  readonly writtenAt: Instant | null;
  /** Where the public reads it. */
  readonly url: string;
}

/**
 * Where the public objects, and is answered. All throw `UpstreamError` (try again) and `RefusedError` (a token, a permission,
 * a project to mend).
 */
export interface Comments {
  /**
   * Our reports, open or closed, that changed since that UTC day (null: ever), those of `threadIds`, and those at `pages`, which
   * are addresses where a notice in force stands; each once, as we can see it now. One that is gone, that we may not see, or whose
   * place somebody else's has now, is not among them. What cannot be read is thrown after all others were told.
   */
  threads(sinceDay: string | null, threadIds: readonly string[], pages: readonly string[]): AsyncIterable<Thread>;
  /**
   * Those of these images that no post of ours at this address names any more, as the public sees it: the page is gone or hidden, or
   * the post is, or nobody reads the comments at that address. Where another place's comments are read none is among them.
   */
  untold(page: string, amiIds: readonly string[]): Promise<readonly string[]>;
  /**
   * Makes the answer visible in the thread, once: a repeat with the same marker, which stands in `text`, posts nothing.
   * `beforePost` is called right before anything is sent; when it throws, nothing is, and its error is thrown. `unsure`: it
   * was sent, nobody knows whether it arrived, and it must not be sent again before a minute has passed. `closed`: the thread
   * is gone, or takes nothing more.
   */
  answer(
    threadId: string,
    answer: { readonly marker: string; readonly text: string },
    beforePost: () => Promise<void>,
  ): Promise<"answered" | "closed" | { readonly unsure: UpstreamError }>;
  /**
   * Looks once more at an answer that was sent and not confirmed: if it arrived late, and stands there twice, that is said there.
   * Resolves to how many repeats there are. May be repeated.
   */
  mergeRepeats(threadId: string, marker: string, beforePost: () => Promise<void>): Promise<number>;
}

/** The people whose comments are carried out as orders, as their forge knows them. */
export interface Team {
  /** Its members' accounts now, but for ours. Throws `UpstreamError` and `RefusedError`. */
  members(): Promise<readonly string[]>;
}

/** What is remembered of comments. All throw `UpstreamError`. */
export interface CommentMemory {
  /** When all comments had been read, and what they ask for was done, and in which run of Redis; null: never, and unknown. */
  reading(): Promise<{ readonly at: Instant | null; readonly runId: string | null }>;
  /** Nothing was ever posted that anybody could comment on. */
  isSilent(): Promise<boolean>;
  /** Those whom nobody answers any more on that UTC day, with how many comments they wrote. */
  tooMany(day: string, most: number): Promise<readonly { readonly author: string; readonly comments: number }[]>;
  /** The right to read comments, one process at a time; null when another has it. */
  lease(): Promise<CommentLease | null>;
}

/** So long it is known which comments were answered. */
export const DIGESTS_KEPT_MS = 400 * DAY_MS;

/** A place among the comments. Each write happens only while the lease is ours; else `UpstreamError` (`lease-lost`). */
export interface CommentLease {
  /** Prolongs the lease. */
  confirm(): Promise<void>;
  /** The texts that were answered, by the comments' ids; an edited comment has another digest. */
  digests(thread: Thread): Promise<ReadonlyMap<string, string>>;
  /** Comments that are not answered yet, the oldest first. */
  pending(): Promise<readonly PendingComment[]>;
  savePending(comment: PendingComment): Promise<void>;
  /** Forgets the pending one, and remembers its digest. */
  finish(comment: Pick<PendingComment, "threadId" | "commentId" | "digest">): Promise<void>;
  /** Counts a comment of an author, once; resolves to which of that UTC day it is, from 1. */
  count(author: string, day: string, comment: string): Promise<number>;
  /** All was read at that instant, in that run of Redis; forgets the digests that are older than `DIGESTS_KEPT_MS`. */
  noteRead(at: Instant, runId: string | null): Promise<void>;
  end(): Promise<void>;
}

/** A comment on its way from being read to being answered. */
export interface PendingComment {
  readonly threadId: string;
  readonly commentId: string;
  readonly author: string;
  readonly url: string;
  readonly digest: string;
  /** Orders that were given for it. */
  readonly orderIds: readonly string[];
  /** What became of them; null: not known yet. */
  readonly answers: readonly Answer[] | null;
  /** What else the answer says, in Markdown. */
  readonly remarks: readonly string[];
  /** Nobody is answered: it asks for nothing, or its author has had all answers of the day. */
  readonly isSilent: boolean;
  /** When the answer was sent last without hearing that it arrived; null: never. */
  readonly sentAt: Instant | null;
  /** It stands there, but was sent without hearing so: when it is looked for once more, as it may arrive twice; null: never. */
  readonly lookAt: Instant | null;
}
