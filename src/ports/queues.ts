import type { Image } from "../domain/image/image.ts";
import type { Queue } from "../domain/image/lifecycle.ts";
import type { Instant } from "../domain/time.ts";

/** An image in a queue. What somebody else put there may have any name, and a wake-up that is no date. */
export interface Waiting {
  readonly region: string;
  readonly queue: Queue;
  readonly amiId: string;
  /** `Infinity` is legal: it never wakes by itself. */
  readonly wakeAt: Instant;
}

/** A record that is there and cannot be understood, in one sentence. */
export interface Strange {
  readonly strange: string;
}

/**
 * The queues, read page by page without claiming anything. All throw `UpstreamError`, and `RefusedError` with the code
 * `foreign-key` where a key of ours holds what clean-amis did not write.
 */
export interface Queues {
  regions(): Promise<readonly string[]>;
  /**
   * Up to `size` images of a queue after `after`, in the order of wake-up and id; fewer than one: the end. An image whose
   * wake-up moves meanwhile may come twice, or with its new one; the order never goes back. Ends at `until`.
   */
  page(
    region: string,
    queue: Queue,
    after: Place | null,
    size: number,
    until: Instant,
  ): Promise<readonly (Waiting & Place)[]>;
  /** The latest wake-up of a queue; null: it is empty. */
  last(region: string, queue: Queue): Promise<Instant | null>;
  /** The earliest entry of a queue; null: it is empty. */
  first(region: string, queue: Queue): Promise<Waiting | null>;
  /** How many wake up from `from` up to, not including, `to`; in whole seconds. */
  count(region: string, queue: Queue, from: Instant, to: Instant): Promise<number>;
  /** The records of these images, in their order; null: there is none. */
  images(region: string, amiIds: readonly string[]): Promise<readonly (Image | Strange | null)[]>;
  /** The ids of a region's images that are not known to be deleted or gone, in pieces and in no order. */
  live(region: string): AsyncIterable<readonly string[]>;
  /** Stage and last error of these images, in their order: less to read than the whole record. */
  stages(region: string, amiIds: readonly string[]): Promise<readonly StageOf[]>;
}

/** Where a page ended. */
export interface Place {
  readonly amiId: string;
  readonly wakeAt: Instant;
  /** How many stood before it, as a hint. */
  readonly rank: number;
}

/** What is counted; every text as it stands there, empty when it is absent or unreadable. */
export interface StageOf {
  readonly stage: string;
  readonly lastError: string;
  readonly deleteAt: string;
}
