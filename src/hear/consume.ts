import { backoffMs, jittered } from "../domain/limits/backoff.ts";
import { SECOND_MS } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import { ingestAll, type Ingested, type Ingester } from "./ingest.ts";
import type { Delivery } from "../ports/index.ts";

/** How many messages became what, since the start. */
export type Counts = Record<
  "received" | "uploads" | "facts" | "rejected" | "new" | "known" | `ignored-${string}`,
  number
>;

export interface ConsumerSignals {
  /** The service is to stop: what waits for Redis is tried again at once, and then quickly. */
  readonly stop: AbortSignal;
  /** Nothing is taken or acknowledged any more; what is not acknowledged by then will be delivered again. */
  readonly giveUp: AbortSignal;
}

/** Whoever brings deliveries can be asked to wait. */
export interface Tap {
  /** No more for now. What is on its way may still come. */
  close(): void;
  open(): void;
}

const QUICK_RETRY_MS = SECOND_MS / 4;

/** Larger turns are worked in pieces, so that one acknowledgement never waits for thousands of messages. */
const LARGEST_BATCH = 500;

/** So much of bodies is held, and one message more: a prefetch counts messages, and one may have megabytes. */
const MOST_HELD_BYTES = 32 * 1024 * 1024;

/**
 * Feeds deliveries to ingest: those of one turn of the event loop together, in one batch after the other, acknowledged only
 * after Redis has answered for all of them. While Redis is away deliveries are held, not requeued, as far as memory goes: a
 * requeue would only bring them again at once. What a lost channel had delivered is dropped: it comes again.
 */
export class Consumer {
  readonly #ingester: Ingester;
  readonly #signals: ConsumerSignals;
  readonly #mostBytes: number;
  /** Everything that was delivered and not yet worked; a batch is the beginning of it. */
  #held: Delivery[] = [];
  #heldBytes = 0;
  #tap: Tap | null = null;
  #isFull = false;
  readonly counts: Counts = { received: 0, uploads: 0, facts: 0, rejected: 0, new: 0, known: 0 };
  #working: Promise<void> | null = null;

  constructor(ingester: Ingester, signals: ConsumerSignals, mostBytes = MOST_HELD_BYTES) {
    this.#ingester = ingester;
    this.#signals = signals;
    this.#mostBytes = mostBytes;
  }

  /** What is closed while too much is held. */
  useTap(tap: Tap): void {
    this.#tap = tap;
  }

  /** Bytes of the bodies that are held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes a delivery; returns at once. */
  deliver(delivery: Delivery): void {
    // Its acknowledgement would cover what nobody has.
    if (this.#signals.giveUp.aborted || delivery.lost.aborted) return;
    if (this.#isFull) {
      delivery.giveBack();
      return;
    }
    this.#held.push(delivery);
    this.#heldBytes += delivery.message.body.length;
    this.counts.received += 1;
    if (this.#heldBytes > this.#mostBytes) this.#fill();
    this.#working ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#work());
  }

  /** Resolves when everything that was delivered is worked, or given up because of `stop`. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  async #work(): Promise<void> {
    try {
      while (this.#held.length > 0) {
        // A set, from which what is lost meanwhile can go: this may wait for Redis for hours.
        const batch = new Set(this.#held.slice(0, LARGEST_BATCH));
        await this.#ingestAll(batch);
        if (this.#signals.giveUp.aborted) {
          this.#drop(() => true);
          return;
        }
        const done = [...batch];
        // Each channel counts its deliveries by itself: one acknowledgement for each that is in the batch.
        for (const [index, delivery] of done.entries()) if (done[index + 1]?.lost !== delivery.lost) delivery.ackUpTo();
        this.#drop((delivery) => batch.has(delivery));
      }
    } finally {
      this.#working = null;
    }
  }

  /** Ingests a batch until Redis has taken all of it that is not lost, or the service gives up. */
  async #ingestAll(batch: Set<Delivery>): Promise<void> {
    const { clock, log } = this.#ingester;
    const { stop, giveUp } = this.#signals;
    const open = new Set(batch);
    for (let attempt = 0; open.size > 0; attempt += 1) {
      const failure = await this.#ingestOpen(open);
      if (failure === null || giveUp.aborted) return;
      if (attempt === 0)
        log.warn({ error: failure.message, open: open.size }, "holding deliveries until redis is back");
      const pauseMs = jittered(backoffMs(attempt, QUICK_RETRY_MS, 10 * SECOND_MS), Math.random());
      await (stop.aborted ? clock.sleep(QUICK_RETRY_MS, giveUp) : clock.sleep(pauseMs, stop));
      this.#drop(({ lost }) => lost.aborted);
      for (const all of [batch, open]) for (const each of all) if (each.lost.aborted) all.delete(each);
    }
  }

  /** Takes out of `open` what is done; resolves to the failure that passes by itself. */
  async #ingestOpen(open: Set<Delivery>): Promise<UpstreamError | null> {
    try {
      const messages = [...open].map(({ message }) => message);
      for (const result of await ingestAll(messages, this.#ingester)) this.#count(result);
      open.clear();
      return null;
    } catch (error) {
      if (error instanceof UpstreamError) return error;
      throw error;
    }
  }

  #fill(): void {
    this.#isFull = true;
    const data = { bytes: this.#heldBytes, messages: this.#held.length };
    this.#ingester.log.warn(data, "too much is held: the broker is asked for no more until redis has taken it");
    this.#tap?.close();
  }

  #drop(isOver: (delivery: Delivery) => boolean): void {
    this.#held = this.#held.filter((delivery) => !isOver(delivery));
    this.#heldBytes = this.#held.reduce((sum, { message }) => sum + message.body.length, 0);
    if (!this.#isFull || this.#heldBytes > this.#mostBytes / 2) return;
    this.#isFull = false;
    if (!this.#signals.stop.aborted) this.#tap?.open();
  }

  #count(result: Ingested): void {
    const add = (name: keyof Counts, count = 1): void => {
      this.counts[name] = (this.counts[name] ?? 0) + count;
    };
    add(result.kind === "ignored" ? `ignored-${result.because}` : result.kind);
    if (result.kind !== "uploads") return;
    add("new", result.new);
    add("known", result.known);
  }
}
