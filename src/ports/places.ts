import type { Image } from "../domain/image/image.ts";
import type { Queue } from "../domain/image/lifecycle.ts";

/** An image whose record and queues do not agree, or that its region's list of images lacks. */
export interface Misplaced {
  readonly image: Image;
  /** The queues in which it stands. */
  readonly stands: readonly Queue[];
  /** Whether it stands among its region's images. */
  readonly isListed: boolean;
}

/** A stretch of a walk over all keys. */
export interface Walked {
  /** Where the next stretch begins; null: this was the last one. */
  readonly next: string | null;
  readonly misplaced: readonly Misplaced[];
  /** The ids of the records that were met, by region; what is no ami-id or no hash is not among them. */
  readonly records: ReadonlyMap<string, readonly string[]>;
  /** Images of composes that have no record: lost, or deleted long ago. */
  readonly lost: readonly LostImage[];
}

export interface LostImage {
  readonly region: string;
  readonly amiId: string;
  readonly composeId: string;
}

/** Records against queues. All throw `UpstreamError`. */
export interface Places {
  /** Looks at about a thousand keys from `from` on (null: from the beginning); an image may come twice, none is left out. */
  walk(from: string | null): Promise<Walked>;
  /** Puts an image where its record has it; false, with nothing written, when the record was written since it was read. */
  putRight(misplaced: Misplaced): Promise<boolean>;
  /** Tells, once, that a record is lost, and what enters the image again. */
  tellLost(lost: LostImage): void;
}
