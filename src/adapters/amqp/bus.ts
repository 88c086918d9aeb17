import { unlessStopped } from "./dial.ts";
import { unreachable } from "./reasons.ts";
import { Reception, type BusUser } from "./reception.ts";
import type { AmqpConfig } from "../../config/amqp.ts";
import { backoffMs, jittered } from "../../domain/limits/backoff.ts";
import { formatInstant, SECOND_MS, type Instant } from "../../domain/time.ts";
import { describeError } from "../../errors.ts";

const FIRST_PAUSE_MS = SECOND_MS / 2;
/** A broker that does not answer must not keep a service that ends. */
const GOODBYE_MS = SECOND_MS;
/** A connection that ends before that failed like one that never was: the pauses grow. */
const STEADY_MS = 10 * SECOND_MS;

export interface Consuming {
  readonly isConsuming: boolean;
  readonly since: Instant;
}

/** From a failure until a broker delivers again. */
interface Outage {
  readonly since: Instant;
  /** Codes of the failures that were told. */
  readonly told: Set<string>;
  failures: number;
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
  #outage: Outage | null = null;

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
   * Keeps a connection until `stop`, whatever the broker does: all is tried again after a growing pause, or after `retry_delay`.
   * An outage is told once, and so is its end; while it lasts, a reason of another kind is. Throws `UpstreamError` when the address says how many `connection_attempts` are made, and
   * so many failed before one was good.
   */
  async run(stop: AbortSignal): Promise<void> {
    const { clock } = this.#user;
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
      this.#tell(data, heardMs === null ? "no broker, trying again" : "broker lost, connecting again");
      await clock.sleep(pauseMs, stop);
    }
  }

  /** Asks for no more, until `resume`, on this connection and on those that follow it; what is on its way still comes. */
  pause(): void {
    this.#isPaused = true;
    void this.#turn(false);
  }

  /** A connection that is made anew asks for none, until `resume`. */
  rest(): void {
    this.#isPaused = true;
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
    const { clock, meter, log } = this.#user;
    if (this.#state.isConsuming === isConsuming) return;
    this.#state = { isConsuming, since: clock.now() };
    if (!isConsuming) return;
    this.#connections += 1;
    if (this.#connections > 1) meter.reconnected("amqp");
    if (this.#outage === null) return;
    const { since, failures } = this.#outage;
    log.info({ since: formatInstant(since), failures }, "broker is back");
    this.#outage = null;
  }

  #tell(data: { readonly code: string }, message: string): void {
    const { clock, log } = this.#user;
    const outage = (this.#outage ??= { since: clock.now(), told: new Set(), failures: 0 });
    outage.failures += 1;
    if (outage.told.has(data.code)) log.debug(data, message);
    else log.warn(data, message);
    outage.told.add(data.code);
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
    const { retryDelaySeconds, longestPauseMs } = this.#config;
    if (retryDelaySeconds !== undefined) return retryDelaySeconds * SECOND_MS;
    return jittered(backoffMs(failures - 1, FIRST_PAUSE_MS, longestPauseMs), Math.random());
  }
}
