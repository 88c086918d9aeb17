import { connect, credentials, type Channel, type ChannelModel } from "amqplib";
import { deliveryOf } from "./delivery.ts";
import { within } from "../limit.ts";
import type { AmqpConfig } from "../../config/amqp.ts";
import { describeError, UpstreamError } from "../../errors.ts";
import type { Delivery, Log } from "../../ports/index.ts";

const HEARTBEAT_S = 30;
const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** A broker whose connection lives, but that does not answer, as one without a majority may. */
const SETUP_TIMEOUT_MS = 30_000;
/** At the start a broker that does not answer is a mistake to be told; later it is weather. */
const FIRST_ATTEMPTS = 3;

export interface BusUser {
  /** The queue's name on the broker; "" lets the broker choose. */
  readonly queueName: string;
  readonly deliver: (delivery: Delivery) => void;
  readonly now: () => number;
  readonly log: Log;
}

export interface Bus {
  /** Asks for no more, until `resume`, on this channel and on those that follow it; what is on its way still comes. */
  pause(): void;
  resume(): void;
  /** Ends deliveries; what is unacknowledged can still be acknowledged. */
  stopDeliveries(): Promise<void>;
  /** Closes the connection, within two seconds; what is unacknowledged goes back to the queue. */
  close(): Promise<void>;
}

/**
 * Consumes from the broker as fedora-messaging does: declares (or with `passive_declares` only checks) its queue,
 * binds, consumes, and does it all again after each loss of the connection. Throws `UpstreamError` when the broker cannot be
 * reached or refuses at the start.
 */
export async function openBus(config: AmqpConfig, user: BusUser): Promise<Bus> {
  const { log } = user;
  const bus = new AmqpBus(config, user);
  const model = await reach(config, (opened) => within(SETUP_TIMEOUT_MS, bus.setUp(opened), "no answer of the broker"));
  bus.model = model;
  model.on("error", (error: Error) => {
    log.warn({ error: describeError(error) }, "amqp connection error");
  });
  model.on("disconnect", (error: Error) => {
    if (!bus.isStopping) log.warn({ error: describeError(error) }, "amqp connection lost, connecting again");
  });
  model.on("connect-failed", (error: Error) => {
    log.warn({ error: describeError(error) }, "amqp broker not reached, trying again");
  });
  return bus;
}

/** A channel, and by what it consumes; null: it does not. */
interface Current {
  readonly channel: Channel;
  readonly consume: () => Promise<void>;
  tag: string | null;
}

class AmqpBus implements Bus {
  readonly #config: AmqpConfig;
  readonly #user: BusUser;
  #current: Current | null = null;
  #isPaused = false;
  isStopping = false;
  model: Pick<ChannelModel, "close"> | null = null;

  constructor(config: AmqpConfig, user: BusUser) {
    this.#config = config;
    this.#user = user;
  }

  /** Makes a connection's channel, and consumes on it. Throws what the broker answers. */
  async setUp(model: ChannelModel): Promise<void> {
    const { deliver, log, queueName } = this.#user;
    const channel = await model.createChannel();
    const lost = new AbortController();
    channel.once("close", () => {
      lost.abort();
    });
    const rebuild = (why: string): void => {
      if (this.isStopping) return;
      log.warn({ why }, "amqp channel lost, connecting again");
      // Neither a channel's error nor a cancelled consumer ends the connection; closing it makes the recovery run.
      model.close().catch((error: unknown) => {
        log.debug({ error: describeError(error) }, "connection was closed already");
      });
    };
    channel.on("error", (error) => {
      rebuild(describeError(error));
    });
    const queue = await declare(channel, this.#config, queueName);
    const prefetch = this.#config.prefetchCount;
    await channel.prefetch(prefetch);
    const consume = async (): Promise<void> => {
      const { consumerTag } = await channel.consume(queue, (message) => {
        if (message === null) rebuild("the broker cancelled the consumer: was its queue deleted?");
        else deliver(deliveryOf({ channel, lost: lost.signal }, message, this.#user));
      });
      current.tag = consumerTag;
      log.info({ queue, prefetch }, "consuming");
    };
    const current: Current = { channel, tag: null, consume };
    if (!this.#isPaused) await consume();
    this.#current = current;
    if (this.#isPaused) await this.#cancel();
  }

  pause(): void {
    this.#isPaused = true;
    void this.#cancel();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.isStopping || this.#current === null || this.#current.tag !== null) return;
    this.#current.consume().catch((error: unknown) => {
      // The next channel consumes by itself.
      this.#user.log.debug({ error: describeError(error) }, "the channel was gone already");
    });
  }

  async stopDeliveries(): Promise<void> {
    this.isStopping = true;
    await this.#cancel();
  }

  async close(): Promise<void> {
    this.isStopping = true;
    const { log } = this.#user;
    try {
      // A connection's close may overtake acknowledgements that are still on their way; a channel's comes after them.
      if (this.#current !== null) await within(CLOSE_TIMEOUT_MS, this.#current.channel.close(), "no goodbye");
    } catch (error) {
      log.debug({ error: describeError(error) }, "the channel was gone already");
    }
    try {
      if (this.model !== null) await within(CLOSE_TIMEOUT_MS, this.model.close(), "no goodbye");
    } catch (error) {
      log.debug({ error: describeError(error) }, "the connection was gone already");
    }
  }

  /** Resolves whatever comes of it: a consumer that is gone delivers nothing. */
  async #cancel(): Promise<void> {
    const tag = this.#current?.tag ?? null;
    if (this.#current === null || tag === null) return;
    this.#current.tag = null;
    try {
      await within(CLOSE_TIMEOUT_MS, this.#current.channel.cancel(tag), "no answer");
    } catch (error) {
      this.#user.log.debug({ error: describeError(error) }, "the consumer was gone already");
    }
  }
}

async function reach(config: AmqpConfig, setup: (model: ChannelModel) => Promise<void>) {
  const { address, options } = dialOf(config);
  try {
    return await connect(address, {
      ...options,
      recovery: {
        initialDelay: 250,
        maxDelay: 30_000,
        factor: 2,
        jitter: 0.2,
        initialMaxRetries: FIRST_ATTEMPTS - 1,
        setup,
      },
    });
  } catch (error) {
    throw unreachable(config, error);
  }
}

/** How the broker is called, for whoever connects to it. */
export function dialOf(config: AmqpConfig) {
  const url = new URL(config.url);
  url.searchParams.set("heartbeat", String(HEARTBEAT_S));
  const options = {
    ...config.tls,
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    noDelay: true,
    clientProperties: { product: "clean-amis", ...config.clientProperties },
    // Fedora's broker takes the user's name from the client's certificate.
    ...(config.tls.cert === undefined ? {} : { credentials: credentials.external() }),
  };
  return { address: url.href, options };
}

/** A broker that cannot be used, in one line without its password. */
export function unreachable(config: AmqpConfig, error: unknown): UpstreamError {
  const { protocol, host, pathname } = new URL(config.url);
  const remedy = "is it running, and are amqp_url or AMQP_URL and tls right?";
  const message = `broker at ${protocol}//${host}${pathname} cannot be used: ${describeError(error)}: ${remedy}`;
  return new UpstreamError("amqp", "unreachable", message, { cause: error });
}

/** Makes or checks what the configuration names; resolves to the queue's name. */
async function declare(channel: Channel, config: AmqpConfig, name: string): Promise<string> {
  const { durable, auto_delete: autoDelete, exclusive, arguments: args } = config.queue;
  const { queue } = config.passiveDeclares
    ? await channel.checkQueue(name)
    : await channel.assertQueue(name, { durable, autoDelete, exclusive, arguments: args });
  for (const { exchange, routing_keys: keys } of config.bindings)
    for (const key of keys) await channel.bindQueue(queue, exchange, key);
  return queue;
}
