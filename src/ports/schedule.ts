import type { Decision } from "../domain/compose/classify.ts";
import type { EventDraft } from "../domain/image/event.ts";
import type { Image, TakenAway } from "../domain/image/image.ts";
import type { Change, Entry, Queue } from "../domain/image/lifecycle.ts";
import type { Replaceable, Replacement } from "../domain/image/replacement.ts";
import type { Upload } from "../domain/image/upload.ts";
import type { Clocks } from "../domain/limits/clocks.ts";
import type { Instant } from "../domain/time.ts";

/** The images and their deadlines. Each method is atomic for one image. All throw `UpstreamError`. */
export interface Schedule {
  /** What this machine's clock and Redis' say now. */
  now(): Promise<Clocks>;
  regions(): Promise<readonly string[]>;
  /** As `addAll`, of one image; throws what would hold its place. */
  add(upload: Upload, decision: Decision, who: string): Promise<"new" | Image>;
  /**
   * The first hearing of images, each by itself; one that is known is returned as it stands, unchanged. Where a record is not
   * ours to read its place holds a `RefusedError` with the code `foreign-key`.
   */
  addAll(announced: readonly Announced[], who: string): Promise<readonly ("new" | Image | Error)[]>;
  /** Enters an image that was found in EC2 as it stands there; false, with nothing written, when it has a record. */
  adopt(upload: Upload, entry: Entry): Promise<boolean>;
  /** The images of a region that are not known to be deleted or gone, page by page; one may come twice. */
  live(region: string): AsyncIterable<readonly Image[]>;
  get(region: string, amiId: string): Promise<Image | null>;
  /** Where an image waits, and until when (`Infinity` is legal); null: nowhere. */
  waiting(region: string, amiId: string): Promise<{ readonly queue: Queue; readonly wakeAt: Instant } | null>;
  /** The compose's images in every region, or in one; where that are too many, the first by region and id. */
  ofCompose(
    composeId: string,
    within?: { readonly region?: string; readonly most?: number },
  ): Promise<readonly Image[]>;
  /** The ids of the compose's images in a region, also of those whose record has expired. */
  amiIdsOf(region: string, composeId: string): Promise<readonly string[]>;
  /** Writes `change` unless the image was written since it was read (`image.revision`); false when it was. Ends any claim. */
  change(image: Image, change: Change): Promise<boolean>;
  /** The same for an image whose compose was not known until this upload named it: it is one of that compose from then on. */
  identify(image: Image, upload: Upload, change: Change): Promise<boolean>;
  /** The ids of the newest `count` composes of a stream (see domain/stream.ts) that had an image in this region. */
  newest(region: string, stream: string, count: number): Promise<readonly string[]>;
  /**
   * Of each image the newest of its stream, product, architecture and region that everybody can use, will not lose within a day and
   * may go over to; null: none is known. Looks through the newest composes of each stream alone. `keepNewest`: so many of them stay.
   */
  replacements(
    images: readonly Replaceable[],
    given: { readonly now: Instant; readonly keepNewest: number },
  ): Promise<readonly (Replacement | null)[]>;
  /** How many images are due in a queue, in all regions unless one is named. */
  countDue(queue: Queue, now: Instant, region?: string): Promise<number>;
  /** The first instant after `now` at which something is due in one of the queues of these regions; `Infinity`: nothing is. */
  nextDue(regions: readonly string[], queues: readonly Queue[], now: Instant): Promise<Instant>;
  /** How many images of a region are not known to be deleted or gone. */
  countLive(region: string): Promise<number>;
  /** What is due in a queue, in order of its deadline, without claiming it. */
  due(region: string, queue: Queue, now: Instant, limit: number): Promise<readonly Image[]>;
  /** What wakes up in a queue from `from` up to, not including, `to`, in that order, at most `limit`. */
  between(region: string, queue: Queue, from: Instant, to: Instant, limit: number): Promise<readonly Image[]>;
  /** Takes up to `limit` due images and moves their wake-up forward by the lease. */
  claim(region: string, queue: Queue, lease: Lease, limit: number): Promise<readonly Image[]>;
  /** Whether the claim is still ours and no pause is in force. Asked before each mutating call. */
  mayAct(image: Image): Promise<boolean>;
  /** Writes `taken_away` once, under the claim. Resolves to what stands there now, or null when the claim is lost. */
  recordTakenAway(image: Image, takenAway: TakenAway): Promise<TakenAway | null>;
  /**
   * Ends the claim with its outcome. Resolves to false, with nothing written, when the claim is lost, unless the outcome is
   * `irreversible`. With `keepClaim` the claim goes on: `change.wait` must be its lease.
   */
  settle(
    image: Image,
    change: Change,
    options?: { readonly irreversible?: boolean; readonly keepClaim?: boolean },
  ): Promise<boolean>;
  /** The public reads that the image is not deleted before this date; of several dates the latest stands. */
  promise(image: Pick<Image, "region" | "amiId">, notBefore: Instant): Promise<void>;
  /**
   * Sets `noticed_at` and `delete_at` once, for a private image; false when there was nothing to set, or when the image was
   * written since it was read (`image.revision`): the deadline was made from that reading.
   */
  notice(image: Image, noticedAt: Instant, deleteAt: Instant, event: EventDraft): Promise<boolean>;
}

/** An image that a message names, and what was decided on its compose. */
export interface Announced {
  readonly upload: Upload;
  readonly decision: Decision;
}

export interface Lease {
  readonly token: string;
  readonly now: Instant;
  readonly until: Instant;
}

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
  /** Up to `size` images of a queue that wake up at `at` or later, in the same order. */
  from(region: string, queue: Queue, at: Instant, size: number): Promise<readonly (Waiting & Place)[]>;
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
  /** How many stood before it, as a hint; null: unknown. */
  readonly rank: number | null;
}

/** What is counted; every text as it stands there, empty when it is absent or unreadable. */
export interface StageOf {
  readonly stage: string;
  readonly lastError: string;
  readonly deleteAt: string;
}
