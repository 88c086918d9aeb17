import type { Test } from "tap";
import { Bus } from "../../../../src/adapters/amqp/bus.ts";
import { systemClock } from "../../../../src/adapters/clock.ts";
import type { AmqpConfig } from "../../../../src/config/amqp.ts";
import type { HeardQueue } from "../../../../src/config/queues.ts";
import { NO_METER, type Clock, type Delivery, type Log } from "../../../../src/ports/index.ts";

const OPTIONS = { durable: false, auto_delete: true, exclusive: false, arguments: {} };

/** What differs in a bus with one queue. */
export type OfBus = Partial<AmqpConfig> &
  Partial<Pick<HeardQueue, "bindings">> & { readonly queue?: Omit<HeardQueue, "bindings"> };

/** The configuration of a bus with one queue. */
export function amqpConfig(url: string, { queue, bindings, ...more }: OfBus = {}): AmqpConfig {
  const options = queue ?? { name: "raw", ...OPTIONS };
  return {
    url,
    passiveDeclares: false,
    tls: {},
    tlsFiles: {},
    clientProperties: {},
    queues: [{ ...options, bindings: bindings ?? [{ exchange: "amq.topic", routing_keys: ["#"] }] }],
    prefetchCount: 10,
    longestPauseMs: 5_000,
    ignoredKeys: [],
    ...more,
  };
}

interface Line {
  readonly data: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A bus under test: what it delivered and said, each acknowledged at once; it ends with the test. */
export class Listener {
  readonly bus: Bus;
  readonly stop = new AbortController();
  /** Settles as the bus' own loop does. */
  readonly ended: Promise<void>;
  readonly delivered: Delivery[] = [];
  readonly lines: Line[] = [];
  /** For how long it paused, each time. Nobody waits so long. */
  readonly pausesMs: number[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(config: AmqpConfig) {
    const say = (data: object, message: string): void => {
      this.lines.push({ data: data as Line["data"], message });
      this.#tell();
    };
    const log: Log = { debug: () => undefined, info: say, warn: say, error: say };
    const clock: Clock = {
      now: () => Date.now(),
      sleep: (ms, signal) => {
        this.pausesMs.push(ms);
        this.#tell();
        return systemClock.sleep(1, signal);
      },
    };
    const deliver = (delivery: Delivery): void => {
      this.delivered.push(delivery);
      delivery.ackUpTo();
      this.#tell();
    };
    this.bus = new Bus(config, { queues: config.queues, deliver, clock, meter: NO_METER, log });
    this.ended = this.bus.run(this.stop.signal);
    this.ended.catch(() => undefined);
  }

  static start(t: Test, config: AmqpConfig): Listener {
    const listener = new Listener(config);
    t.teardown(async () => {
      listener.stop.abort();
      await listener.bus.close();
    });
    return listener;
  }

  /** Resolves as soon as it is so. */
  async until(isSo: (listener: this) => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (!isSo(this)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Everything that was said in this sentence. */
  said(message: string): readonly Line["data"][] {
    return this.lines.filter((line) => line.message === message).map(({ data }) => data);
  }

  #tell(): void {
    for (const look of [...this.#waiting]) look();
  }
}
