import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import { Bus } from "../../../../src/adapters/amqp/bus.ts";
import { systemClock } from "../../../../src/adapters/clock.ts";
import type { AmqpConfig } from "../../../../src/config/amqp.ts";
import { Publisher } from "../../../../src/demo/publisher.ts";
import { Consumer } from "../../../../src/hear/consume.ts";
import type { Ingester } from "../../../../src/hear/ingest.ts";
import { NO_METER } from "../../../../src/ports/index.ts";
import { silentLog } from "../../run/log.ts";
import { until } from "./bus.ts";
import { amqpConfig } from "./listener.ts";
import { serverUrl } from "../redis/redis.ts";

/** The way by which messages come in, as the service has it: from a real broker through bus and consumer to ingest. */
export class WayIn {
  readonly consumer: Consumer;
  readonly #bus: Bus;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  private constructor(config: AmqpConfig, ingester: Ingester) {
    const giveUp = new AbortController();
    this.consumer = new Consumer(ingester, { stop: this.#stop.signal, giveUp: giveUp.signal }, null);
    const deliver = this.consumer.deliver.bind(this.consumer);
    const user = { queues: config.queues, deliver, clock: systemClock, meter: NO_METER, log: silentLog };
    this.#bus = new Bus(config, user);
    this.consumer.useTap({
      close: () => {
        this.#bus.pause();
      },
      rest: () => {
        this.#bus.rest();
      },
      open: () => {
        this.#bus.resume();
      },
    });
    this.#ended = this.#bus.run(this.#stop.signal);
    this.#ended.catch(() => undefined);
  }

  /** Resolves when the queues are bound, and consumed. */
  static async open(config: AmqpConfig, ingester: Ingester): Promise<WayIn> {
    const way = new WayIn(config, ingester);
    await until("the queues are consumed", () => Promise.resolve(way.#bus.consuming.isConsuming));
    return way;
  }

  /** Resolves when so many have come in all, and are acknowledged. */
  async taken(count: number): Promise<void> {
    await until(`${count} messages come`, () => Promise.resolve(this.consumer.counts.received >= count));
    await this.consumer.idle();
  }

  /** What has come is worked; what has not waits in the queues. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#bus.stopDeliveries();
    await this.consumer.idle();
    await this.#bus.close();
    await this.#ended;
  }
}

/** A way of the test's own through the run's broker, which takes whatever is published; it is closed with the test. */
export async function openWayIn(
  t: Pick<Test, "teardown">,
  ingester: Ingester,
): Promise<{
  readonly way: WayIn;
  readonly publisher: Publisher;
  readonly queue: string;
  readonly config: AmqpConfig;
}> {
  const [exchange, queue] = [`way-${randomUUID()}`, `way-${randomUUID()}`];
  const url = serverUrl("TEST_AMQP_URL");
  const publisher = await Publisher.open(url, exchange);
  const options = { name: queue, durable: true, auto_delete: false, exclusive: false, arguments: {} };
  const bindings = [{ exchange, routing_keys: ["#"] }];
  const config = amqpConfig(url, { queue: options, bindings, prefetchCount: 250 });
  const way = await WayIn.open(config, ingester);
  t.teardown(async () => {
    await way.close();
    await publisher.remove(queue);
    await publisher.close();
  });
  return { way, publisher, queue, config };
}
