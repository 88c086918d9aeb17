import type { Deafness } from "../domain/limits/deaf.ts";
import type { Instant } from "../domain/time.ts";

/** A larger body is not read: of the messages that are heard none has a hundredth of it, and what JSON makes of one may be fifty times as large. */
export const MOST_READ_BYTES = 1024 * 1024;

/** A message as the bus delivers it or an archive returns it. */
export interface Message {
  readonly topic: string;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly arrivedAt: Instant;
}

/** A message with the way to acknowledge it and all that came before it on its channel. */
export interface Delivery {
  readonly message: Message;
  /** Aborts when the channel is gone, with what was not acknowledged: the broker delivers it again. One for all of a channel. */
  readonly lost: AbortSignal;
  /** Why this is not worked, but kept as rejected: the broker is about to drop it; null: it may be worked. */
  readonly spent: string | null;
  /** Acknowledges every delivery of this channel up to and with this one; does nothing on a channel that is gone. */
  ackUpTo(): void;
  /** Puts this one back into its queue, as if it had not been delivered; does nothing on a channel that is gone. */
  giveBack(): void;
}

/** A message as an archive returns it. */
export interface ArchivedMessage extends Message {
  /** Why the archive cannot give it, though it has it: then the rest is what is known of it, or where it stands. */
  readonly unreadable?: string;
}

/** Past messages. */
export interface Archive {
  /**
   * Every message of these categories (the fourth word of a topic) or exact topics from `start` up to, not including, `end`,
   * oldest first as far as the archive sorts them; one may come twice. A row that is no message has an empty topic, its id,
   * and its text as body; one that the archive cannot give is `unreadable`. `contains`: only those with that word in their
   * body; it reaches back eight months. Throws `UpstreamError` when the archive fails for longer than retries help, `RefusedError` when it
   * does not take the question.
   */
  messages(query: {
    readonly categories?: readonly string[];
    readonly topics?: readonly string[];
    readonly contains?: string;
    readonly start: Instant;
    readonly end: Instant;
  }): AsyncIterable<ArchivedMessage>;
}

/** What could not be understood. Throws `UpstreamError`. */
export interface Rejected {
  /** Keeps it, unless it was kept before, however long ago it was taken out; resolves to whether it is new. */
  add(entry: NewRejected): Promise<boolean>;
}

export interface NewRejected {
  readonly body: Buffer;
  readonly reason: string;
  readonly messageId: string;
  readonly topic: string;
  /** The message's own time as its header says it; empty without one. */
  readonly sentAt: string;
  readonly at: Instant;
}

/** What could not be understood, for people to read and to put through again. All throw `UpstreamError`. */
export interface RejectedMessages extends Rejected {
  count(): Promise<number>;
  /** How many were removed, the oldest, because all of them were too many or took too much. */
  removed(): Promise<number>;
  /** Up to `limit` entries after the id `after`, the oldest first; null: from the beginning. */
  page(after: string | null, limit: number): Promise<readonly RejectedMessage[]>;
  get(id: string): Promise<RejectedMessage | null>;
  /** The id of the newest entry; null: there is none. */
  lastId(): Promise<string | null>;
  /** Takes an entry out and puts it in again with another reason, in one step. */
  replace(entry: RejectedMessage, reason: string): Promise<void>;
  /** Resolves to how many of them were there. */
  remove(ids: readonly string[]): Promise<number>;
  /** Removes what was written before; resolves to how many that were. */
  removeBefore(at: Instant): Promise<number>;
}

export interface RejectedMessage extends NewRejected {
  readonly id: string;
  /** The size that the message had; of a longer one than `body` only the beginning was kept. */
  readonly bytes: number;
}

/** How much of what was said has been heard. All throw `UpstreamError`. */
export interface Hearing {
  memory(): Promise<HearingMemory>;
  /** A reading that was begun and not ended; null: there is none. */
  reading(name: ReadingName): Promise<Reading | null>;
  /** The right to read the archive for all, one process at a time; null when another has it. */
  lease(): Promise<HearingLease | null>;
  /**
   * What Redis' memory is known by: another one than before means that it may have lost something. Null: unknown, as while its
   * clock is behind where it was.
   */
  runId(): Promise<string | null>;
  /**
   * Follows Redis' clock; once it went back, what is remembered counts as another run's, and what was begun is forgotten. To be
   * called every few seconds.
   */
  watchClock(): Promise<void>;
  /** Since when the service is deaf; null: it is not. */
  deafSince(): Promise<Instant | null>;
  noteDeaf(since: Instant | null): Promise<void>;
}

/** How much was heard, read at `now`: one answer for whoever acts, tells or asks. Throws `UpstreamError`. */
export type Listen = (now: Instant) => Promise<Heard>;

export interface Heard {
  /** Everything up to here was heard; null: unknown. */
  readonly until: Instant | null;
  /** Why nothing may be made private or deleted on it; null: it may. */
  readonly deafness: Deafness | null;
  /** When the whole first window was read last, if that is too long ago; what came late to the archive is not heard since. */
  readonly lateSince: Instant | null;
  /** Whether Redis is still in the run that this was read in. Throws `UpstreamError`. */
  isStill(): Promise<boolean>;
}

export interface HearingMemory {
  /** The instant up to which bus and archive have been read without a hole. */
  readonly heardUntil: Instant | null;
  /** Redis' run when that was written. */
  readonly runId: string | null;
  /** When the whole first window was read last. */
  readonly wholeAt: Instant | null;
}

/**
 * What the service reads in the archive: `first`, the whole first window, before which it is deaf; `new`, from where all was
 * heard; `whole`, the whole first window again. A first reading never goes on with one of the others.
 */
export type ReadingName = "first" | "new" | "whole";

/** How far a reading has come. */
export interface Reading extends Position {
  /** Redis' run in which it was begun; in another one what was read may be lost. */
  readonly runId: string;
}

/**
 * What is written down of readings, while nobody else may. All throw `UpstreamError`: `lease-lost` when the lease ran out,
 * `reading-lost` when the reading does not stand as `reading` says, since Redis' memory was set back.
 */
export interface HearingLease {
  /** A reading begins, in place of whatever stands there. */
  begin(name: ReadingName, reading: Reading): Promise<void>;
  /** Its next slice was read; resolves to the reading as it stands then. */
  advance(name: ReadingName, reading: Reading): Promise<Reading>;
  /** All of it was read: it is forgotten, and this is remembered. */
  finish(name: ReadingName, reading: Reading, memory: Partial<HearingMemory>): Promise<void>;
  end(): Promise<void>;
}

/** A stretch of the past: from `start` up to, not including, `end`. */
export interface Stretch {
  readonly start: Instant;
  readonly end: Instant;
}

/** How far a backfill has come; enough for another process to go on. */
export interface Position extends Stretch {
  /** Index of the next slice. */
  readonly next: number;
}

/** Where positions are remembered. Throws `UpstreamError`. */
export interface Positions {
  read(name: string): Promise<Position | null>;
  write(name: string, position: Position): Promise<void>;
  forget(name: string): Promise<void>;
}
