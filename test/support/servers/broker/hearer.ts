import { randomUUID } from "node:crypto";
import { connect, type ChannelModel, type ConsumeMessage } from "amqplib";
import type { Test } from "tap";
import { amqpConfig } from "./listener.ts";
import { serverUrl } from "../redis/redis.ts";
import { BusPublisher, type PublisherConfig } from "../../../../src/adapters/amqp/publisher.ts";
import type { Log } from "../../../../src/ports/index.ts";
import { silentLog } from "../../run/log.ts";

const CLOSED = "amqp://guest:guest@127.0.0.1:9/%2F";

/** A topic exchange of the test's own on the run's broker, and somebody who hears all of it; gone with the test. */
export class Hearer {
  readonly exchange = `test-${randomUUID()}`;
  readonly heard: ConsumeMessage[] = [];
  readonly #model: ChannelModel;
  readonly #waiting = new Set<() => void>();

  private constructor(model: ChannelModel) {
    this.#model = model;
  }

  /** `topics`: what is bound; none: nobody hears. */
  static async open(t: Test, topics: readonly string[] = ["#"]): Promise<Hearer> {
    const model = await connect(serverUrl("TEST_AMQP_URL"));
    const hearer = new Hearer(model);
    const channel = await model.createChannel();
    await channel.assertExchange(hearer.exchange, "topic", { durable: false, autoDelete: false });
    t.teardown(async () => {
      await channel.deleteExchange(hearer.exchange);
      await model.close();
    });
    for (const topic of topics) await hearer.bind(topic);
    return hearer;
  }

  /** Binds a queue of its own, whose arguments may say more; consumed unless it `isFull`, which takes nothing. */
  async bind(topic: string, { isFull = false }: { readonly isFull?: boolean } = {}): Promise<void> {
    const channel = await this.#model.createChannel();
    const full = { "x-max-length": 0, "x-overflow": "reject-publish" };
    const { queue } = await channel.assertQueue("", { exclusive: true, ...(isFull && { arguments: full }) });
    await channel.bindQueue(queue, this.exchange, topic);
    if (isFull) return;
    await channel.consume(
      queue,
      (message) => {
        if (message !== null) this.heard.push(message);
        for (const look of [...this.#waiting]) look();
      },
      { noAck: true },
    );
  }

  /** Resolves to the bodies, when so many were heard in all. */
  async bodies(count: number): Promise<readonly Readonly<Record<string, unknown>>[]> {
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.heard.length < count) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
    return this.heard.map(({ content }) => JSON.parse(content.toString()) as Readonly<Record<string, unknown>>);
  }

  /** Publishes to this exchange; `change` may send it elsewhere. */
  publisher(t: Test, change: Partial<PublisherConfig> = {}, log: Log = silentLog): BusPublisher {
    const at = { exchange: this.exchange, topicPrefix: "org.fedoraproject.prod.", priority: null };
    const publisher = new BusPublisher({ ...amqpConfig(serverUrl("TEST_AMQP_URL")), ...at, ...change }, log);
    t.teardown(() => publisher.rest());
    return publisher;
  }

  /** The same to a broker that is not there. */
  away(t: Test): BusPublisher {
    return this.publisher(t, { url: CLOSED });
  }
}
