import type { Instant } from "../domain/time.ts";
import type { UpstreamError } from "../errors.ts";

/** One post to the public. */
export interface Post {
  /** The UTC day whose report this belongs to: `2026-11-24`. */
  readonly day: string;
  /** Title of the day's report. */
  readonly title: string;
  /** Stands in `text`, is looked for before every post, and makes a repeat harmless. */
  readonly marker: string;
  /** Markdown that stands above `text` where the post opens the day's report. */
  readonly opening: string;
  /** Markdown that stands above `text` where it does not. */
  readonly continuation: string;
  /** Markdown. */
  readonly text: string;
  /** Words of `text` that the public must find there, such as the ids of images: a post without them is not seen. */
  readonly names: readonly string[];
}

/**
 * Either the post was read back where the public reads it; or it was sent, and nobody knows yet whether it arrived: it may
 * still do so, and must not be sent again before a minute has passed.
 */
export type Published = { readonly url: string } | { readonly unsure: UpstreamError };

/** The code of the `RefusedError` for a post that is too long: smaller ones would pass. */
export const TOO_LONG = "TOO_LONG";

/**
 * Where the public reads what was done. All throw `UpstreamError` (nothing was sent; try again) and `RefusedError` (nothing
 * was sent; a token, a permission, a project to mend, or `TOO_LONG`).
 */
export interface Reports {
  /** Asks whether we may come in, and resolves to our name there; an expired token is a `RefusedError`. */
  check(): Promise<{ readonly user: string }>;
  /**
   * Makes the post visible once, and resolves when it was read back. A repeat with the same marker posts nothing.
   * `beforePost` is called right before anything is sent; when it throws, nothing is, and its error is thrown.
   */
  publish(post: Post, beforePost: () => Promise<void>): Promise<Published>;
  /** Every text of a day's report that we posted, as the public sees it now; none where nothing can be read back. */
  posted(address: Pick<Post, "day" | "title">): Promise<readonly string[]>;
  /**
   * Looks once more at a post whose first answer was lost: if it arrived late, and stands there twice, the later one is made a
   * pointer to the first, or is told to be a repeat. Resolves to how many repeats there are. May be repeated.
   */
  mergeRepeats(address: PostAddress, beforePost: () => Promise<void>): Promise<number>;
}

/** What a post is found by. */
export type PostAddress = Pick<Post, "day" | "title" | "marker">;

/** A message of ours, as the bus is given it. */
export interface BusMessage {
  /** A UUID; a repeat has the same, by which a reader knows it. */
  readonly id: string;
  /** Without the prefix of the bus: `clean_amis.image.private`. */
  readonly topic: string;
  /** The name by which a reader finds its schema. */
  readonly schema: string;
  readonly severity: "info" | "warning";
  readonly sentAt: Instant;
  readonly body: object;
}

/** The bus, to be told something. */
export interface Bulletins {
  /**
   * Resolves when the broker has taken the message for good and handed it to a queue at least. May be repeated. Throws
   * `UpstreamError` (nobody knows whether it was taken, or the broker is busy: try again) and `RefusedError` (it was not taken,
   * and a person must mend something: a right, an exchange, nobody who hears).
   */
  publish(message: BusMessage): Promise<void>;
  /** Ends the connection, if there is one; the next message makes another. Never throws. */
  rest(): Promise<void>;
}

/** What is remembered of what the bus was told to come. All throw `UpstreamError`. */
export interface SoonTold {
  /** Whether it was told of each of these, in their order. */
  areTold(region: string, amiIds: readonly string[]): Promise<readonly boolean[]>;
  /** It was told. */
  add(region: string, amiId: string, privateAt: Instant): Promise<void>;
  /** Forgets what was to come before then. */
  forget(before: Instant): Promise<void>;
}
