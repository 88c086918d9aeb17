import { ingest, reject, type Ingested, type IngestParts } from "./ingest.ts";
import { backoffMs } from "./domain/lifecycle.ts";
import { SECOND_MS } from "./domain/time.ts";
import { describeError, UpstreamError } from "./errors.ts";
import type { Delivery, Message } from "./ports.ts";

/** How many messages became what, since the start. */
export type Counts = Record<
  "received" | "uploads" | "claims" | "rejected" | "new" | "known" | `ignored-${string}`,
  number
>;

/** Larger turns are worked in pieces, so that one acknowledgement never waits for thousands of messages. */
const LARGEST_BATCH = 500;

/**
 * Feeds deliveries to ingest: those of one turn of the event loop together, in one batch after the other, acknowledged only
 * after Redis has answered for all of them. While Redis is away deliveries are held, not given back: a requeue would only
 * bring them again at once.
 */
export class Consumer {
  readonly #parts: IngestParts;
  readonly #stop: AbortSignal;
  readonly #waiting: Delivery[] = [];
  readonly counts: Counts = { received: 0, uploads: 0, claims: 0, rejected: 0, new: 0, known: 0 };
  #working: Promise<void> | null = null;

  /** `stop`: when it aborts, retries end; what is not acknowledged by then will be delivered again. */
  constructor(parts: IngestParts, stop: AbortSignal) {
    this.#parts = parts;
    this.#stop = stop;
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
        const isDone = await Promise.all(batch.map((delivery) => this.#ingestUntilDone(delivery.message)));
        const firstOpen = isDone.indexOf(false);
        const last = batch.at(firstOpen < 0 ? -1 : firstOpen - 1);
        if (firstOpen !== 0) last?.ackUpTo();
        if (firstOpen >= 0) this.#waiting.length = 0;
      }
    } finally {
      this.#working = null;
    }
  }

  /** False when the stop came before Redis did. */
  async #ingestUntilDone(message: Message): Promise<boolean> {
    for (let attempt = 0; !this.#stop.aborted; attempt += 1) {
      try {
        this.#count(await this.#ingestOnce(message));
        return true;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        const waitMs = backoffMs(attempt, SECOND_MS / 4, 10 * SECOND_MS) * (0.5 + Math.random() / 2);
        if (attempt === 0) this.#parts.log.warn({ error: error.message }, "holding deliveries until redis is back");
        await this.#parts.clock.sleep(waitMs, this.#stop);
      }
    }
    return false;
  }

  /** A message that makes our code throw is a bug of ours, not a reason to stop or to loop: it is kept, with the stack. */
  async #ingestOnce(message: Message): Promise<Ingested> {
    try {
      return await ingest(message, this.#parts);
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      const reason = `bug: ${error instanceof Error ? (error.stack ?? error.message) : describeError(error)}`;
      await reject(message, reason, this.#parts);
      return { kind: "rejected", reason };
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
