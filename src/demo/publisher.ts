import { connect, type ChannelModel, type ConfirmChannel } from "amqplib";
import type { Outgoing } from "./cast/messages.ts";

/** Sends messages to a topic exchange as fedora-messaging does, each confirmed by the broker. */
export class Publisher {
  readonly #model: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #exchange: string;

  private constructor(model: ChannelModel, channel: ConfirmChannel, exchange: string) {
    this.#model = model;
    this.#channel = channel;
    this.#exchange = exchange;
  }

  static async open(url: string, exchange: string): Promise<Publisher> {
    const model = await connect(url);
    const channel = await model.createConfirmChannel();
    await channel.assertExchange(exchange, "topic", { durable: true, autoDelete: false });
    return new Publisher(model, channel, exchange);
  }

  /** Resolves when the broker has confirmed them all. */
  async send(messages: readonly Outgoing[]): Promise<void> {
    for (const { topic, messageId, headers, body } of messages)
      this.#channel.publish(this.#exchange, topic, body, {
        messageId,
        headers,
        contentType: "application/json",
        contentEncoding: "utf-8",
        deliveryMode: 2,
      });
    await this.#channel.waitForConfirms();
  }

  /** Messages that wait in a queue, delivered to nobody yet; 0 for a queue that is gone. */
  async waiting(queue: string): Promise<number> {
    return (await this.#channel.checkQueue(queue)).messageCount;
  }

  /** A durable queue, bound to a topic, that holds these messages and nobody consumes. */
  async fill(queue: string, exchange: string, topic: string, messages: readonly Outgoing[]): Promise<void> {
    await this.#channel.assertQueue(queue, { durable: true });
    await this.#channel.bindQueue(queue, exchange, topic);
    await this.send(messages);
    await this.#channel.unbindQueue(queue, exchange, topic);
  }

  async deleteQueue(queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue);
  }

  /** Removes what the demo made on a broker that is not its own. */
  async remove(queue: string): Promise<void> {
    await this.#channel.deleteQueue(queue);
    if (!this.#exchange.startsWith("amq.")) await this.#channel.deleteExchange(this.#exchange);
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}
