import { connect, type ChannelModel } from "amqplib";

/** A message that the service told the bus, as far as judging needs it. */
export interface BusMessage {
  readonly id: string;
  /** The topic's last word. */
  readonly kind: string;
  readonly region: string;
  readonly amiId: string;
  /** The event that it tells, `region/id`. */
  readonly event: string;
}

/** Somebody on the bus who hears what the service tells, and nothing else. */
export class Hearer {
  /** In the order in which they came. */
  readonly messages: BusMessage[] = [];
  readonly #model: ChannelModel;

  private constructor(model: ChannelModel) {
    this.#model = model;
  }

  /** Hears the exchange, which is there; its queue goes with the connection. */
  static async open(url: string, exchange: string): Promise<Hearer> {
    const model = await connect(url);
    const hearer = new Hearer(model);
    const channel = await model.createChannel();
    const { queue } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(queue, exchange, "#.clean_amis.#");
    await channel.consume(
      queue,
      (message) => {
        if (message === null) return;
        const { region = "", ami = "", event = "" } = JSON.parse(message.content.toString()) as Record<string, string>;
        const kind = message.fields.routingKey.split(".").at(-1) ?? "";
        hearer.messages.push({ id: String(message.properties.messageId), kind, region, amiId: ami, event });
      },
      { noAck: true },
    );
    return hearer;
  }

  close(): Promise<void> {
    return this.#model.close();
  }
}
