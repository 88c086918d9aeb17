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
  /** Counts these images as their records have them: each once, however often it is asked. */
  count(region: string, amiIds: readonly string[]): Promise<void>;
  /** All were counted since the epoch was begun: what was counted in it stands from now on. */
  finish(region: string, epoch: string): Promise<void>;
}
