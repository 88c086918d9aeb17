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

interface Line {
  readonly model: ChannelModel;
  readonly channel: ConfirmChannel;
  /** Rejects when nothing more is confirmed on it. */
  readonly lost: Promise<never>;
}

/** Publishes as fedora-messaging does: each message again until the broker has confirmed it, on whatever connection. */
export class SteadyPublisher {
  readonly #url: string;
  readonly #exchange: string;
  #line: Promise<Line> | null = null;
  readonly confirmed: Confirmed[] = [];

  private constructor(url: string, exchange: string) {
    this.#url = url;
    this.#exchange = exchange;
  }

  /** The exchange is there from then on. */
  static async open(url: string, exchange: string): Promise<SteadyPublisher> {
    const publisher = new SteadyPublisher(url, exchange);
    await publisher.#open();
    return publisher;
  }

  /** Resolves when the broker has confirmed it; waits for one that is away, or takes nothing. */
  async send(amiId: string, message: Outgoing): Promise<void> {
    for (;;) {
      const opening = this.#open();
      try {
        await this.#publish(await opening, message);
        const sentAt = Date.parse(String(message.headers["sent-at"]));
        this.confirmed.push({ amiId, sentAt, confirmedAt: Date.now() });
        return;
      } catch {
        // Whatever it was: nobody has confirmed it.
        if (this.#line === opening) this.#line = null;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  /** What a person does at the broker, on a channel of its own. */
  async by(work: (channel: ConfirmChannel) => Promise<unknown>): Promise<void> {
    const model = await connect(this.#url, { timeout: 5000 });
    try {
      await work(await model.createConfirmChannel());
    } finally {
      await model.close();
    }
  }

  async close(): Promise<void> {
    await this.by((channel) => channel.deleteExchange(this.#exchange));
    const [line] = await Promise.allSettled([this.#line]);
    if (line.status === "fulfilled") await line.value?.model.close();
  }

  /** All who wait have one connection. */
  #open(): Promise<Line> {
    this.#line ??= this.#dial();
    return this.#line;
  }

  async #dial(): Promise<Line> {
    const model = await connect(this.#url, { timeout: 5000 });
    model.on("error", () => undefined);
    const channel = await model.createConfirmChannel();
    channel.on("error", () => undefined);
    const lost = new Promise<never>((_, reject) => {
      channel.once("close", () => {
        reject(new Error("the connection was lost"));
      });
    });
    lost.catch(() => undefined);
    await channel.assertExchange(this.#exchange, "topic", { durable: true, autoDelete: false });
    return { model, channel, lost };
  }

  #publish({ channel, lost }: Line, { topic, messageId, headers, body }: Outgoing): Promise<void> {
    const confirmed = new Promise<void>((resolve, reject) => {
      const properties = { messageId, headers, contentType: "application/json", deliveryMode: 2 };
      channel.publish(this.#exchange, topic, body, properties, (error: unknown) => {
        if (error === null || error === undefined) resolve();
        else reject(error instanceof Error ? error : new Error("refused"));
      });
    });
    return Promise.race([confirmed, lost]);
  }
}
