import type { Instant } from "../domain/time.ts";

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
  /** Acknowledges every delivery of this channel up to and with this one; does nothing on a channel that is gone. */
  ackUpTo(): void;
}

/** Past messages. */
export interface Archive {
  /**
   * Every message of these categories (the fourth word of a topic) or exact topics from `start` up to, not including, `end`,
   * oldest first as far as the archive sorts them; one may come twice. A row that is no message has an empty topic, its id,
   * and its text as body. Throws `UpstreamError` when the archive fails for longer than retries help, `RefusedError` when it
   * does not take the question.
   */
  messages(query: {
    readonly categories?: readonly string[];
    readonly topics?: readonly string[];
    readonly start: Instant;
    readonly end: Instant;
  }): AsyncIterable<Message>;
}

/** What could not be understood. Throws `UpstreamError`. */
export interface Rejected {
  add(entry: {
    readonly body: Buffer;
    readonly reason: string;
    readonly messageId: string;
    readonly topic: string;
    readonly at: Instant;
  }): Promise<void>;
}

/** How much of what was said has been heard. All throw `UpstreamError`. */
export interface Ears {
  memory(): Promise<EarMemory>;
  /** Writes the memory; `heardUntil` never moves back while Redis' run is the same. */
  remember(memory: EarMemory): Promise<void>;
  /** Redis' own id of its run: a new one means that it may have lost something. */
  runId(): Promise<string>;
}

export interface EarMemory {
  /** The instant up to which bus and archive have been read without a hole. */
  readonly heardUntil: Instant | null;
  /** Redis' run when that was written. */
  readonly runId: string | null;
  /** When the whole first window was read last. */
  readonly wholeAt: Instant | null;
}
