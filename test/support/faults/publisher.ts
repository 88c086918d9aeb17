import { connect, type ChannelModel, type ConfirmChannel } from "amqplib";
import type { Outgoing } from "../../../src/demo/cast/messages.ts";

const AGAIN_MS = 50;

/** A message that the broker has confirmed: what it says, and when. */
export interface Confirmed {
  readonly amiId: string;
  /** As its header says it, whole seconds. */
  readonly sentAt: number;
  readonly confirmedAt: number;
}

/** Publishes as fedora-messaging does: each message again until the broker has confirmed it, on whatever connection. */
export class SteadyPublisher {
  readonly #url: string;
  readonly #exchange: string;
  #open: { readonly model: ChannelModel; readonly channel: ConfirmChannel } | null = null;
  readonly confirmed: Confirmed[] = [];

  private constructor(url: string, exchange: string) {
    this.#url = url;
    this.#exchange = exchange;
  }

  /** The exchange is there from then on. */
  static async open(url: string, exchange: string): Promise<SteadyPublisher> {
    const publisher = new SteadyPublisher(url, exchange);
    await publisher.#channel();
    return publisher;
  }

  /** Resolves when the broker has confirmed it; waits for one that is away, or takes nothing. */
  async send(amiId: string, message: Outgoing): Promise<void> {
    for (;;) {
      try {
        await this.#publish(await this.#channel(), message);
        const sentAt = Date.parse(String(message.headers["sent-at"]));
        this.confirmed.push({ amiId, sentAt, confirmedAt: Date.now() });
        return;
      } catch {
        // Whatever it was: nobody has confirmed it.
        this.#open = null;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  async close(queue: string): Promise<void> {
    const channel = await this.#channel();
    await channel.deleteQueue(queue);
    await channel.deleteExchange(this.#exchange);
    await this.#open?.model.close();
  }

  async #channel(): Promise<ConfirmChannel> {
    if (this.#open !== null) return this.#open.channel;
    const model = await connect(this.#url, { timeout: 5000 });
    model.on("error", () => undefined);
    const channel = await model.createConfirmChannel();
    channel.on("error", () => undefined);
    await channel.assertExchange(this.#exchange, "topic", { durable: true, autoDelete: false });
    this.#open = { model, channel };
    return channel;
  }

  #publish(channel: ConfirmChannel, { topic, messageId, headers, body }: Outgoing): Promise<void> {
    return new Promise((resolve, reject) => {
      channel.once("close", () => {
        reject(new Error("the connection was lost"));
      });
      const properties = { messageId, headers, contentType: "application/json", deliveryMode: 2 };
      channel.publish(this.#exchange, topic, body, properties, (error: unknown) => {
        if (error === null || error === undefined) resolve();
        else reject(error instanceof Error ? error : new Error("refused"));
      });
    });
  }
}
