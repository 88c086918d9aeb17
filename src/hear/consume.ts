import { backoffMs, jittered } from "../domain/limits/backoff.ts";
import { SECOND_MS } from "../domain/time.ts";
import { UpstreamError } from "../errors.ts";
import { ingestOrReject, type Ingested, type Ingester } from "./ingest.ts";
import type { Delivery } from "../ports/index.ts";

/** How many messages became what, since the start. */
export type Counts = Record<
  "received" | "uploads" | "facts" | "rejected" | "new" | "known" | `ignored-${string}`,
  number
>;

export interface ConsumerSignals {
  /** The service is to stop: what waits for Redis is tried again at once, and then quickly. */
  readonly stop: AbortSignal;
  /** Retries end; what is not acknowledged by then will be delivered again. */
  readonly giveUp: AbortSignal;
}

const QUICK_RETRY_MS = SECOND_MS / 4;

/** Larger turns are worked in pieces, so that one acknowledgement never waits for thousands of messages. */
const LARGEST_BATCH = 500;

/**
 * Feeds deliveries to ingest: those of one turn of the event loop together, in one batch after the other, acknowledged only
 * after Redis has answered for all of them. While Redis is away deliveries are held, not given back: a requeue would only
 * bring them again at once.
 */
export class Consumer {
  readonly #parts: Ingester;
  readonly #signals: ConsumerSignals;
  readonly #waiting: Delivery[] = [];
  readonly counts: Counts = { received: 0, uploads: 0, facts: 0, rejected: 0, new: 0, known: 0 };
  #working: Promise<void> | null = null;

  constructor(parts: Ingester, signals: ConsumerSignals) {
    this.#parts = parts;
    this.#signals = signals;
  }

  /** Takes a delivery; returns at once. */
  deliver(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.counts.received += 1;
    this.#working ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#work());
  }

  /** Resolves when everything that was delivered is worked, or given up because of `stop`. */
  async idle(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  async #work(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#waiting.splice(0, LARGEST_BATCH);
        const open = await this.#ingestAll(batch);
        const firstOpen = open.size === 0 ? batch.length : batch.findIndex((delivery) => open.has(delivery));
        batch[firstOpen - 1]?.ackUpTo();
        if (open.size > 0) this.#waiting.length = 0;
      }
    } finally {
      this.#working = null;
    }
  }

  /** Ingests a batch until Redis has taken all of it. Resolves to what was still open when the stop came. */
  async #ingestAll(batch: readonly Delivery[]): Promise<ReadonlySet<Delivery>> {
    const { clock, log } = this.#parts;
    const open = new Set(batch);
    for (let attempt = 0; open.size > 0; attempt += 1) {
      const failures = await Promise.all([...open].map((delivery) => this.#ingestOne(delivery, open)));
      const failure = failures.find((error) => error !== null);
      if (failure === undefined) break;
      const { stop, giveUp } = this.#signals;
      if (giveUp.aborted) return open;
      if (attempt === 0)
        log.warn({ error: failure.message, open: open.size }, "holding deliveries until redis is back");
      const pauseMs = jittered(backoffMs(attempt, QUICK_RETRY_MS, 10 * SECOND_MS), Math.random());
      await (stop.aborted ? clock.sleep(QUICK_RETRY_MS, giveUp) : clock.sleep(pauseMs, stop));
    }
    return open;
  }

  /** Takes the delivery out of `open` when it is done; resolves to the failure that passes by itself. */
  async #ingestOne(delivery: Delivery, open: Set<Delivery>): Promise<UpstreamError | null> {
    try {
      this.#count(await ingestOrReject(delivery.message, this.#parts));
      open.delete(delivery);
      return null;
    } catch (error) {
      if (error instanceof UpstreamError) return error;
      throw error;
    }
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
