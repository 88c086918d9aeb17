import { unlessStopped } from "./dial.ts";
import { unreachable } from "./reasons.ts";
import { Reception, type BusUser } from "./reception.ts";
import type { AmqpConfig } from "../../config/amqp.ts";
import { backoffMs, jittered } from "../../domain/limits/backoff.ts";
import { SECOND_MS, type Instant } from "../../domain/time.ts";
import { describeError } from "../../errors.ts";

const FIRST_PAUSE_MS = SECOND_MS / 2;
const LONGEST_PAUSE_MS = 30 * SECOND_MS;
/** A broker that does not answer must not keep a service that ends. */
const GOODBYE_MS = SECOND_MS;
/** A connection that ends before that failed like one that never was: the pauses grow. */
const STEADY_MS = 10 * SECOND_MS;

export interface Consuming {
  readonly isConsuming: boolean;
  readonly since: Instant;
}

/**
 * Consumes from the broker as fedora-messaging does: declares (or with `passive_declares` only checks) its queues, binds them,
 * consumes, and does it all again after each loss of the connection.
 */
export class Bus {
  readonly #config: AmqpConfig;
  readonly #user: BusUser;
  #reception: Reception | null = null;
  #isPaused = false;
  #state: Consuming;
  #connections = 0;

  constructor(config: AmqpConfig, user: BusUser) {
    this.#config = config;
    this.#user = user;
    this.#state = { isConsuming: false, since: user.clock.now() };
  }

  /** Whether a broker delivers to us, and since when it does, or does not. */
  get consuming(): Consuming {
    return this.#state;
  }

  /**
   * Keeps a connection until `stop`, whatever the broker does: each failure is told, and all is tried again after a growing
   * pause, or after `retry_delay`. Throws `UpstreamError` when the address says how many `connection_attempts` are made, and
   * so many failed before one was good.
   */
  async run(stop: AbortSignal): Promise<void> {
    const { clock, log } = this.#user;
    const attempts = this.#config.connectionAttempts ?? Infinity;
    let [failures, hasHeard] = [0, false];
    for (;;) {
      const { error, heardMs } = await this.#hear(stop);
      if (stop.aborted) return;
      hasHeard ||= heardMs !== null;
      failures = heardMs !== null && heardMs >= STEADY_MS ? 1 : failures + 1;
      const failure = unreachable(this.#config, error);
      if (!hasHeard && failures >= attempts) throw failure;
      const pauseMs = this.#pauseMs(failures);
      const data = { code: failure.code, error: failure.message, failures, pauseMs };
      log.warn(data, heardMs === null ? "no broker, trying again" : "broker lost, connecting again");
      await clock.sleep(pauseMs, stop);
    }
  }

  /** Asks for no more, until `resume`, on this connection and on those that follow it; what is on its way still comes. */
  pause(): void {
    this.#isPaused = true;
    void this.#turn(false);
  }

  resume(): void {
    this.#isPaused = false;
    void this.#turn(true);
  }

  /** Ends deliveries, in a second at the most; what is unacknowledged can still be acknowledged. To be called after `stop`. */
  async stopDeliveries(): Promise<void> {
    this.#isPaused = true;
    await Promise.race([this.#turn(false), this.#user.clock.sleep(GOODBYE_MS)]);
  }

  /** Closes the connection, within two seconds; what is unacknowledged goes back to the queues. */
  async close(): Promise<void> {
    await this.#reception?.close();
  }

  /** One connection, until it is lost: why, and how long it was heard, if it was. */
  async #hear(stop: AbortSignal): Promise<{ readonly error: unknown; readonly heardMs: number | null }> {
    let since: number | null = null;
    try {
      const reception = await Reception.open(this.#config, this.#user, stop);
      this.#reception = reception;
      await unlessStopped(reception.hear(!this.#isPaused), stop);
      since = performance.now();
      this.#note(true);
      throw await unlessStopped(reception.ended, stop);
    } catch (error) {
      this.#note(false);
      return { error, heardMs: since === null ? null : performance.now() - since };
    }
  }

  #note(isConsuming: boolean): void {
    const { clock, meter } = this.#user;
    if (this.#state.isConsuming === isConsuming) return;
    this.#state = { isConsuming, since: clock.now() };
    if (isConsuming) this.#connections += 1;
    if (isConsuming && this.#connections > 1) meter.reconnected("amqp");
  }

  /** Resolves whatever comes of it: a connection that is lost begins again as it is wanted then. */
  async #turn(isWanted: boolean): Promise<void> {
    try {
      await this.#reception?.hear(isWanted);
    } catch (error) {
      this.#user.log.debug({ error: describeError(error) }, "the broker was gone already");
    }
  }

  #pauseMs(failures: number): number {
    const { retryDelaySeconds } = this.#config;
    if (retryDelaySeconds !== undefined) return retryDelaySeconds * SECOND_MS;
    return jittered(backoffMs(failures - 1, FIRST_PAUSE_MS, LONGEST_PAUSE_MS), Math.random());
  }
}
