import { backoffMs, jittered } from "../domain/limits/backoff.ts";
import { SECOND_MS } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import { ingestAll, keepUnworked, type Ingested, type Ingester } from "./ingest.ts";
import type { Delivery, Keeping } from "../ports/index.ts";

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
  /** Only a connection that is made anew asks for none. */
  rest(): void;
  open(): void;
}

const QUICK_RETRY_MS = SECOND_MS / 4;

/** Larger turns are worked in pieces, so that one acknowledgement never waits for all that a prefetch allows. */
const LARGEST_BATCH = 100;

/** While one batch waits for Redis, the next is read and sent. */
const MOST_UNDER_WAY = 2;

/** So much of bodies is held, and one message more: a prefetch counts messages, and one may have megabytes. */
const MOST_HELD_BYTES = 32 * 1024 * 1024;

/**
 * Feeds deliveries to ingest: those of one turn of the event loop together, acknowledged only after Redis has answered for all
 * of them, as surely as is configured, and for all that came before. While Redis is away deliveries are held, not requeued, as far
 * as memory goes: a requeue would only bring them again at once. What a lost channel had delivered is dropped: it comes again, but
 * not before Redis is back, since a broker may drop what it has delivered too often.
 *
 * When Redis fails for a moment, a later batch may be written before an earlier one, as when a queue has several consumers or
 * brings something again. It does no harm: of two announcements of an image that which is written first stands, and the later
 * sets later deadlines; two composes for one AMI are kept for a person, and two words on a compose contradict each other, in
 * either order.
 */
export class Consumer {
  readonly #ingester: Ingester;
  readonly #signals: ConsumerSignals;
  readonly #keeping: Keeping | null;
  readonly #mostBytes: number;
  /** What was delivered, and is in no batch yet. */
  #waiting: Delivery[] = [];
  /** The bodies of what waits and of the batches under way. */
  #heldBytes = 0;
  #tap: Tap | null = null;
  #isFull = false;
  #isAway = false;
  readonly counts: Counts = { received: 0, uploads: 0, facts: 0, rejected: 0, new: 0, known: 0 };
  /** The end of this turn of the event loop, when something was delivered in it. */
  #turn: Promise<void> | null = null;
  #underWay = 0;
  /** The end of all batches begun so far. */
  #ended: Promise<void> = Promise.resolve();

  /** `keeping`: what an acknowledgement waits for; null: Redis' answer. */
  constructor(ingester: Ingester, signals: ConsumerSignals, keeping: Keeping | null, mostBytes = MOST_HELD_BYTES) {
    this.#ingester = ingester;
    this.#signals = signals;
    this.#keeping = keeping;
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
    // What is given back once more may be dropped.
    if (this.#isFull && delivery.spent === null) {
      delivery.giveBack();
      return;
    }
    this.#waiting.push(delivery);
    this.#heldBytes += delivery.message.body.length;
    this.counts.received += 1;
    if (this.#heldBytes > this.#mostBytes) this.#fill();
    this.#turn ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      this.#turn = null;
      this.#begin();
    });
  }

  /** Resolves when everything that was delivered is worked, or given up because of `stop`. */
  async idle(): Promise<void> {
    while (this.#turn !== null || this.#underWay > 0) await (this.#turn ?? this.#ended);
  }

  #begin(): void {
    while (this.#waiting.length > 0 && this.#underWay < MOST_UNDER_WAY) {
      // A set, from which what is lost meanwhile can go: this may wait for Redis for hours.
      const batch = new Set(this.#waiting.splice(0, LARGEST_BATCH));
      this.#underWay += 1;
      this.#ended = this.#work(batch, this.#ended);
    }
  }

  /** `before`: the end of the batches that were delivered earlier. An acknowledgement covers them, and so waits for them. */
  async #work(batch: Set<Delivery>, before: Promise<void>): Promise<void> {
    await Promise.all([this.#ingestAll(batch), before]);
    this.#underWay -= 1;
    const isGivenUp = this.#signals.giveUp.aborted;
    const done = [...batch];
    // Each channel counts its deliveries by itself: one acknowledgement for each that is in the batch.
    for (const [index, delivery] of done.entries())
      if (!isGivenUp && done[index + 1]?.lost !== delivery.lost) delivery.ackUpTo();
    this.#release(done);
    if (isGivenUp) this.#release(this.#waiting.splice(0));
    this.#begin();
  }

  /** Ingests a batch until Redis has taken all of it that is not lost, and is back, or the service gives up. */
  async #ingestAll(batch: Set<Delivery>): Promise<void> {
    const { clock, log } = this.#ingester;
    const { stop, giveUp } = this.#signals;
    for (let attempt = 0; batch.size > 0 || (this.#isAway && !stop.aborted); attempt += 1) {
      const failure = await this.#tryAll(batch);
      if (failure === null || giveUp.aborted) return;
      if (!this.#isAway)
        log.warn({ error: failure.message, open: batch.size }, "holding deliveries until redis is back");
      this.#isAway = true;
      this.#tap?.rest();
      const pauseMs = jittered(backoffMs(attempt, QUICK_RETRY_MS, 10 * SECOND_MS), Math.random());
      await (stop.aborted ? clock.sleep(QUICK_RETRY_MS, giveUp) : clock.sleep(pauseMs, stop));
      const lost = [...batch, ...this.#waiting].filter((delivery) => delivery.lost.aborted);
      for (const each of lost) batch.delete(each);
      this.#waiting = this.#waiting.filter((delivery) => !delivery.lost.aborted);
      this.#release(lost);
    }
  }

  /** Resolves to the failure that passes by itself. Of an empty batch it is asked whether Redis is back. */
  async #tryAll(batch: ReadonlySet<Delivery>): Promise<UpstreamError | null> {
    try {
      if (batch.size === 0) await this.#ingester.schedule.now();
      for (const result of await this.#kept(() => this.#ingestOrKeep(batch))) this.#count(result);
      const wasAway = this.#isAway;
      this.#isAway = false;
      if (wasAway) this.#openTap();
      return null;
    } catch (error) {
      if (error instanceof UpstreamError) return error;
      throw error;
    }
  }

  /** What was given back too often is kept as it is, the rest ingested. */
  async #ingestOrKeep(batch: ReadonlySet<Delivery>): Promise<readonly Ingested[]> {
    const all = [...batch];
    const messages = all.flatMap(({ message, spent }) => (spent === null ? [message] : []));
    const spent = all.flatMap(({ message, spent }) =>
      spent === null ? [] : [keepUnworked(message, spent, this.#ingester)],
    );
    const [ingested, kept] = await Promise.all([ingestAll(messages, this.#ingester), Promise.all(spent)]);
    return [...ingested, ...kept];
  }

  /** Does the work, and waits until all of it is kept: once for a batch, never once a message. */
  async #kept<T>(work: () => Promise<T>): Promise<T> {
    if (this.#keeping === null) return work();
    const run = await this.#keeping.begin();
    const results = await work();
    await this.#keeping.confirm(run);
    return results;
  }

  #openTap(): void {
    if (!this.#isFull && !this.#isAway && !this.#signals.stop.aborted) this.#tap?.open();
  }

  #fill(): void {
    this.#isFull = true;
    const data = { bytes: this.#heldBytes, messages: this.#waiting.length };
    this.#ingester.log.warn(data, "too much is held: the broker is asked for no more until redis has taken it");
    this.#tap?.close();
  }

  /** These are held no more. */
  #release(deliveries: readonly Delivery[]): void {
    for (const { message } of deliveries) this.#heldBytes -= message.body.length;
    if (!this.#isFull || this.#heldBytes > this.#mostBytes / 2) return;
    this.#isFull = false;
    this.#openTap();
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
