import type { Image } from "../domain/image/image.ts";
import type { Breaker } from "../domain/limits/breaker.ts";
import type { ActKind, Pause, Stop } from "../domain/limits/budget.ts";
import type { Instant } from "../domain/time.ts";

/** How many images are due that need a reservation yet; `hasReserved`: whether one did so today. */
export type DueAnew = (hasReserved: (image: Pick<Image, "region" | "amiId">) => boolean) => Promise<number>;

/**
 * Whether what was written survives a failover: a replica has it too; no replica has said so, or may be asked; there is none to
 * fail over to.
 */
export type Kept = "replicated" | "unconfirmed" | "alone";

/** Sees to it that what messages brought is kept as surely as is configured, before the broker is told that it was taken. */
export interface Keeping {
  /** Throws `ConfigError` where Redis can never do so, and `UpstreamError`. */
  check(): Promise<void>;
  /** The run of Redis in which what is written from now on counts. Throws `UpstreamError`. */
  begin(): Promise<string>;
  /**
   * Resolves when all that was written since that `begin` is kept. Throws `UpstreamError` when that is not so in time, or cannot be
   * known: all of it is then written again, after another `begin`.
   */
  confirm(run: string): Promise<void>;
}

/**
 * How many acts a UTC day may have, over all replicas, and what is stopped or paused. All throw `UpstreamError`. What stands
 * there and cannot be read is a stop: every doubt keeps the image.
 */
export interface Budgets {
  /**
   * Reserves one act of the day, once per image: a repeat costs nothing. `live`: the images that the region has now; the
   * day's share is of the most that it had. Resolves to null when the act may go on, else to the stop, which holds for what
   * has reserved already, too.
   */
  reserve(kind: ActKind, image: Pick<Image, "region" | "amiId">, live: number, now: Instant): Promise<Stop | null>;
  /**
   * Stops the kind when the day wants far more than usual: what is reserved today and `due` more, in all regions. What is due
   * may have reserved already: before it stops, `dueAnew` is asked how many are due that have not; absent: all of them. After
   * a resume the day is not judged again. Resolves to the stop in force, or null.
   */
  checkDemand(kind: ActKind, due: number, now: Instant, dueAnew?: DueAnew): Promise<Stop | null>;
  stops(): Promise<readonly Stop[]>;
  /** How many acts were reserved today, before and after a resume; the whole budget when that cannot be read. */
  spent(kind: ActKind, now: Instant): Promise<number>;
  /**
   * Lets the kinds act again, with the day's budget granted once more to those that were stopped; a repeat grants nothing.
   * Resolves to the stops that were lifted. `UpstreamError` also when a key that is not ours stops all: only its removal helps.
   */
  resume(kinds: readonly ActKind[], now: Instant): Promise<readonly Stop[]>;
  /** Stops every act of every replica at once; the latest word on why stands. */
  pause(by: string, why: string, now: Instant): Promise<Kept>;
  paused(): Promise<Pause | null>;
  /** Ends a pause, and resolves to it. */
  unpause(): Promise<Pause | null>;
}

/** Regions in which nothing is done for a while, as all replicas know them. All throw `UpstreamError`. */
export interface Breakers {
  /** Null: the region is open to us. What stands there and cannot be read is a breaker that may be asked at once. */
  get(region: string): Promise<Breaker | null>;
  /** By region, in order. */
  all(): Promise<ReadonlyMap<string, Breaker>>;
  set(region: string, breaker: Breaker): Promise<void>;
  remove(region: string): Promise<void>;
}
