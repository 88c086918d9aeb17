import type { Instant } from "../domain/time.ts";

/** What a region's images are counted as, in one look; see `Counts`. */
export interface Counted {
  /** How many are not known to be deleted or gone. Where `stages` make another sum, they are being counted. */
  readonly images: number;
  /** By stage; a stage that cannot be read is `?`. */
  readonly stages: Readonly<Record<string, number>>;
  /** By the first word of their last error. */
  readonly errors: Readonly<Record<string, number>>;
  /** Private, and waiting for the public notice. */
  readonly untold: number;
}

/**
 * How many images are where, kept by whatever writes a record, and counted anew by each walk over all of them. A reading costs
 * the same however many there are. All throw `UpstreamError`; `read` also `RefusedError` for a key that is not ours to read.
 */
export interface Counts {
  read(region: string): Promise<Counted>;
  /** Begins to count a region's images anew, or joins who has begun; resolves to the epoch, "" where that cannot be. */
  begin(region: string): Promise<string>;
  /** Counts these images as their records have them: each once, however often it is asked. Each is found by its name then. */
  count(region: string, amiIds: readonly string[]): Promise<void>;
  /** All were counted since the epoch was begun: what was counted in it stands from now on. */
  finish(region: string, epoch: string): Promise<void>;
}

/** An image as it is found by a part of its name, its compose id or its own id. */
export interface Named {
  readonly region: string;
  readonly amiId: string;
  /** Empty: nobody has told it. */
  readonly imageName: string;
  readonly composeId: string;
}

/** What a search has found. */
export interface Found {
  /** The newest uploads first. */
  readonly images: readonly Named[];
  /** More were found than were asked for. */
  readonly isMore: boolean;
  /** Older uploads than this were not looked at; null: all were. */
  readonly since: Instant | null;
}

/**
 * The names of all images that have a record, those of deleted ones too. A search takes a bounded number of Redis commands, and
 * looks at a bounded number of composes and names, the newest of each region. All throw `UpstreamError`.
 */
export interface Names {
  /** Those in which a text stands, whether its letters are small or not; `most`, 1 to 100, at the most. */
  search(part: string, most: number): Promise<Found>;
  /**
   * Looks at a stretch of a region's composes that begins at rank `from`, the oldest first, and removes those whose images have
   * no record any more. Resolves to where the next stretch begins; 0 after the last one.
   */
  sweep(region: string, from: number): Promise<number>;
}
