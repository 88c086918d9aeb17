import type { ConfirmChannel, ChannelModel, Message } from "amqplib";
import { wantedSignal } from "../abandon.ts";
import { within } from "../limit.ts";
import { dial, unlessStopped } from "./dial.ts";
import { tearDown } from "./guard.ts";
import { notTaken, NotTaken } from "./not-taken.ts";
import type { AmqpConfig } from "../../config/amqp.ts";
import type { AnnounceConfig } from "../../config/broker/announce.ts";
import { formatInstant, SECOND_MS } from "../../domain/time.ts";
import { describeError } from "../../errors.ts";
import type { Bulletins, BusMessage, Log } from "../../ports/index.ts";

/** A broker that blocks publishers, as one without memory or disk, confirms nothing meanwhile. */
const CONFIRM_MS = 30 * SECOND_MS;
const GOODBYE_MS = SECOND_MS;

/** fedora-messaging's numbers (its wire format, "Required"). */
const SEVERITIES: Readonly<Record<BusMessage["severity"], number>> = { info: 20, warning: 30 };
/** The Python package that has the schemas, for a reader that lacks it. */
const SCHEMA_PACKAGE = "clean_amis_messages";

/** To which exchange of which broker messages go, and how. */
export type PublisherConfig = AmqpConfig & Pick<AnnounceConfig, "exchange" | "topicPrefix" | "priority">;

/** A broker that is told messages as fedora-messaging tells them, on a connection of their own, made with the first of them. */
export class BusPublisher implements Bulletins {
  readonly #config: PublisherConfig;
  readonly #log: Log;
  #line: Line | null = null;

  constructor(config: PublisherConfig, log: Log) {
    this.#config = config;
    this.#log = log;
  }

  async publish(message: BusMessage): Promise<void> {
    const stop = wantedSignal();
    try {
      this.#line ??= await Line.open(this.#config, stop, this.#log);
      await within(CONFIRM_MS, unlessStopped(this.#line.send(message), stop), "no confirmation");
    } catch (error) {
      if (error instanceof NotTaken) throw notTaken(this.#config, message, error);
      // Of any other failure nobody knows what the connection is still good for.
      const why = this.#line?.why ?? this.#line?.blocked ?? error;
      await this.rest();
      throw notTaken(this.#config, message, why);
    }
  }

  async rest(): Promise<void> {
    const line = this.#line;
    this.#line = null;
    await line?.close(this.#log);
  }
}

/** A connection with one channel, on which every message is confirmed. */
class Line {
  readonly #model: ChannelModel;
  readonly #channel: ConfirmChannel;
  readonly #config: PublisherConfig;
  /** Messages that came back, and why, until their confirmation; the broker sends it after them (AMQP 0-9-1, mandatory). */
  readonly #returned = new Map<unknown, string>();
  /** Why the channel, or the connection, ended; null: neither has. */
  why: unknown = null;
  /** What the broker says while it takes no messages; null: it takes them. */
  blocked: Error | null = null;

  private constructor(model: ChannelModel, channel: ConfirmChannel, config: PublisherConfig, log: Log) {
    this.#model = model;
    this.#channel = channel;
    this.#config = config;
    channel.on("error", (error) => {
      this.why ??= error;
    });
    model.once("close", (error: unknown) => {
      this.why ??= error ?? new Error("the connection was closed");
    });
    // An extension of RabbitMQ's: its memory or its disk is nearly full. What was sent waits there.
    model.on("blocked", (reason: string) => {
      this.blocked = new Error(`the broker takes no messages: ${reason}`);
      log.warn({ reason }, "the broker takes no messages");
    });
    model.on("unblocked", () => {
      this.blocked = null;
      log.info({}, "the broker takes messages again");
    });
    channel.on("return", ({ fields, properties }: Message) => {
      const { replyCode, replyText } = fields as { readonly replyCode?: unknown; readonly replyText?: unknown };
      this.#returned.set(properties.messageId, `${String(replyCode)} ${String(replyText)}`);
    });
  }

  /** Throws `UpstreamError`. */
  static async open(config: PublisherConfig, stop: AbortSignal | undefined, log: Log): Promise<Line> {
    const model = await dial(config, stop);
    try {
      const channel = await within(CONFIRM_MS, unlessStopped(model.createConfirmChannel(), stop), "no channel");
      return new Line(model, channel, config, log);
    } catch (error) {
      tearDown(model, describeError(error));
      throw error;
    }
  }

  /** Resolves when the broker has confirmed it. Throws `NotTaken`, and whatever ends the channel. */
  async send(message: BusMessage): Promise<void> {
    const { exchange, topicPrefix } = this.#config;
    const body = Buffer.from(JSON.stringify(message.body));
    const isTaken = await new Promise<boolean>((resolve, reject) => {
      const confirmed = (error: unknown): void => {
        if (error === null) resolve(true);
        else if (describeError(error) === NACKED) resolve(false);
        else reject(error instanceof Error ? error : new Error(describeError(error)));
      };
      this.#channel.publish(exchange, `${topicPrefix}${message.topic}`, body, this.#propertiesOf(message), confirmed);
    });
    const returned = this.#returned.get(message.id);
    this.#returned.delete(message.id);
    if (returned !== undefined) throw new NotTaken("returned", returned);
    if (!isTaken) throw new NotTaken("nacked", "the broker answered nack");
  }

  #propertiesOf({ id, schema, severity, sentAt }: BusMessage) {
    const { priority } = this.#config;
    return {
      messageId: id,
      contentType: "application/json",
      contentEncoding: "utf-8",
      deliveryMode: 2,
      mandatory: true,
      ...(priority !== null && { priority }),
      headers: {
        fedora_messaging_schema: schema,
        fedora_messaging_schema_package: SCHEMA_PACKAGE,
        fedora_messaging_severity: SEVERITIES[severity],
        // As fedora-messaging writes it: whole seconds, with an offset.
        "sent-at": formatInstant(sentAt - (sentAt % SECOND_MS)).replace(/Z$/, "+00:00"),
        priority: priority ?? 0,
      },
    };
  }

  /** Within two seconds. Never throws. */
  async close(log: Log): Promise<void> {
    for (const part of [this.#channel, this.#model])
      try {
        await within(GOODBYE_MS, part.close(), "no goodbye");
      } catch (error) {
        log.debug({ error: describeError(error) }, "the broker was gone already");
      }
    tearDown(this.#model, "the connection was closed");
  }
}

/** amqplib's word for it (`lib/channel.js`). */
const NACKED = "message nacked";
