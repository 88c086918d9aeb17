import type { Instant } from "../../domain/time.ts";
import type { Clock, Mark, Pulse } from "../../ports/index.ts";

/** Collects what happens, and writes it down once in a while: a message costs no call of its own. */
export class Heartbeat {
  readonly #pulse: Pulse;
  readonly #clock: Pick<Clock, "now">;
  readonly #replica: string;
  #fresh: Partial<Record<Mark, number>> = {};
  readonly #hung = new Map<string, Instant>();
  #living = 1;

  /** `replica` tells this process from the others. */
  constructor(pulse: Pulse, clock: Pick<Clock, "now">, replica: string) {
    this.#pulse = pulse;
    this.#clock = clock;
    this.#replica = replica;
  }

  /** How many replicas lived when it was asked last, this one among them. */
  get replicas(): number {
    return this.#living;
  }

  /** For one pass beside replicas, which does not live as long as they. Throws `UpstreamError`. */
  async joinOnce(): Promise<void> {
    this.#living = 1 + (await this.#pulse.living(this.#clock.now()));
  }

  /** It happened now; told with the next beat. */
  mark(what: Mark): void {
    this.#fresh[what] = this.#clock.now();
  }

  /** A pass that began then was given up; told with each beat until one of its name has ended well. */
  hangs(pass: string, since: Instant): void {
    if (!this.#hung.has(pass)) this.#hung.set(pass, since);
  }

  endedWell(pass: string): void {
    this.#hung.delete(pass);
  }

  /** Throws `UpstreamError`; what was to be told then is told by the next beat. */
  async beat(): Promise<void> {
    const marks = this.#fresh;
    this.#fresh = {};
    try {
      const hung = [...this.#hung].map(([pass, since]) => ({ pass, since }));
      this.#living = Math.max(1, await this.#pulse.beat(this.#replica, this.#clock.now(), marks, hung));
    } catch (error) {
      this.#fresh = { ...marks, ...this.#fresh };
      throw error;
    }
  }

  /** The last beat of a process that ends. Throws `UpstreamError`. */
  async end(): Promise<void> {
    await this.beat();
    await this.#pulse.leave(this.#replica);
  }
}
