import type { Channel, ChannelModel } from "amqplib";
import { declare } from "./declare.ts";
import { deliveryLimit, deliveryOf } from "./delivery.ts";
import { dial, unlessStopped } from "./dial.ts";
import { tearDown } from "./guard.ts";
import { within } from "../limit.ts";
import type { AmqpConfig } from "../../config/amqp.ts";
import type { HeardQueue } from "../../config/queues.ts";
import { SECOND_MS } from "../../domain/time.ts";
import { describeError } from "../../errors.ts";
import type { Clock, Delivery, Log, Meter } from "../../ports/index.ts";

const CLOSE_TIMEOUT_MS = SECOND_MS;
/** A broker whose connection lives, but that does not answer, as one without a majority may. */
const SETUP_TIMEOUT_MS = 30 * SECOND_MS;

export interface BusUser {
  /** None is named `auto`. */
  readonly queues: readonly HeardQueue[];
  readonly deliver: (delivery: Delivery) => void;
  readonly clock: Clock;
  readonly meter: Pick<Meter, "reconnected">;
  readonly log: Log;
}

/** One connection, with one channel on which all queues are consumed, until it is lost. */
export class Reception {
  readonly #model: ChannelModel;
  readonly #config: AmqpConfig;
  readonly #user: BusUser;
  readonly #channelLost = new AbortController();
  /** Resolves to the reason when nothing more will come on this connection. */
  readonly ended: Promise<unknown>;
  #end: (why: unknown) => void = () => undefined;
  #why: unknown = null;
  #channel: Channel | null = null;
  #queues: readonly { readonly name: string; readonly limit: number }[] = [];
  /** By what is consumed now. */
  #tags: string[] = [];
  #isWanted = false;
  #turn: Promise<void> = Promise.resolve();

  private constructor(model: ChannelModel, config: AmqpConfig, user: BusUser) {
    this.#model = model;
    this.#config = config;
    this.#user = user;
    this.ended = new Promise((resolve) => {
      this.#end = (why) => {
        this.#why ??= why;
        resolve(this.#why);
      };
    });
    model.once("close", (why: unknown) => {
      this.#end(why ?? new Error("the connection was closed"));
    });
  }

  /** Connects, and makes ready; nothing is consumed yet. Throws `UpstreamError`, or what the broker answers. */
  static async open(config: AmqpConfig, user: BusUser, stop: AbortSignal): Promise<Reception> {
    const reception = new Reception(await dial(config, stop), config, user);
    await reception.#unlessGone(unlessStopped(reception.#setUp(), stop));
    return reception;
  }

  /**
   * Consumes, or ceases to, after what was asked before. Throws what the broker answers, and when it does not: then the
   * connection is closed.
   */
  async hear(isWanted: boolean): Promise<void> {
    this.#isWanted = isWanted;
    const turn = this.#turn.then(() => this.#consumeOrNot());
    this.#turn = turn.catch(() => undefined);
    await this.#unlessGone(turn);
  }

  /** Closes the connection, within two seconds; what is unacknowledged goes back to the queues. Never throws. */
  async close(): Promise<void> {
    // A connection's close may overtake acknowledgements that are still on their way; a channel's comes after them.
    for (const part of [this.#channel, this.#model])
      try {
        await within(CLOSE_TIMEOUT_MS, part?.close() ?? Promise.resolve(), "no goodbye");
      } catch (error) {
        this.#user.log.debug({ error: describeError(error) }, "the broker was gone already");
      }
    tearDown(this.#model, "the connection was closed");
  }

  async #setUp(): Promise<void> {
    const channel = await this.#model.createChannel();
    channel.once("close", () => {
      this.#channelLost.abort();
    });
    // A channel's error does not end its connection.
    channel.on("error", (error) => {
      this.#lose(error);
    });
    this.#channel = channel;
    const queues: { readonly name: string; readonly limit: number }[] = [];
    for (const queue of this.#user.queues)
      queues.push({ name: await declare(channel, queue, this.#config), limit: deliveryLimit(queue.arguments) });
    this.#queues = queues;
    // For each consumer by itself.
    await channel.prefetch(this.#config.prefetchCount);
  }

  async #consumeOrNot(): Promise<void> {
    const channel = this.#channel;
    if (channel === null) return;
    if (!this.#isWanted) {
      const tags = this.#tags;
      this.#tags = [];
      for (const tag of tags) await channel.cancel(tag);
      return;
    }
    if (this.#tags.length > 0) return;
    const lost = this.#channelLost.signal;
    for (const { name, limit } of this.#queues) {
      const { consumerTag } = await channel.consume(name, (message) => {
        if (message === null) this.#lose(new Error(`the broker cancelled the consumer of ${name}: was it deleted?`));
        else this.#user.deliver(deliveryOf({ channel, lost, limit }, message, this.#user));
      });
      this.#tags.push(consumerTag);
      this.#user.log.info({ queue: name, prefetch: this.#config.prefetchCount }, "consuming");
    }
  }

  #lose(why: Error): void {
    this.#end(why);
    void this.close();
  }

  /** The answer; a connection that fails meanwhile is closed, and its own reason is thrown. */
  async #unlessGone<T>(answer: Promise<T>): Promise<T> {
    try {
      return await within(SETUP_TIMEOUT_MS, answer, "no answer of the broker");
    } catch (error) {
      const why = this.#why ?? error;
      this.#end(why);
      await this.close();
      throw why;
    }
  }
}
