import { connect, credentials, type Channel, type ChannelModel, type ConsumeMessage } from "amqplib";
import type { AmqpConfig } from "../../config/amqp.ts";
import { describeError, UpstreamError } from "../../errors.ts";
import type { Delivery, Log } from "../../ports/index.ts";

const HEARTBEAT_S = 30;
const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 3_000;
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
  /** Ends deliveries; what is unacknowledged can still be acknowledged. */
  stopDeliveries(): Promise<void>;
  /** Closes the connection, within three seconds; what is unacknowledged goes back to the queue. */
  close(): Promise<void>;
}

/**
 * Consumes from the broker as fedora-messaging does: declares (or with `passive_declares` only checks) exchanges and queue,
 * binds, consumes, and does it all again after each loss of the connection. Throws `UpstreamError` when the broker cannot be
 * reached or refuses at the start.
 */
export async function openBus(config: AmqpConfig, user: BusUser): Promise<Bus> {
  const { log } = user;
  let current: { readonly channel: Channel; readonly tag: string } | null = null;
  let isStopping = false;

  const setup = async (model: ChannelModel): Promise<void> => {
    const channel = await model.createChannel();
    const rebuild = (why: string): void => {
      if (isStopping) return;
      log.warn({ why }, "amqp channel lost, connecting again");
      // Neither a channel's error nor a cancelled consumer ends the connection; closing it makes the recovery run.
      model.close().catch((error: unknown) => {
        log.debug({ error: describeError(error) }, "connection was closed already");
      });
    };
    channel.on("error", (error) => {
      rebuild(describeError(error));
    });
    const queue = await declare(channel, config, user.queueName);
    await channel.prefetch(config.prefetchCount);
    const { consumerTag } = await channel.consume(queue, (message) => {
      if (message === null) rebuild("the broker cancelled the consumer: was its queue deleted?");
      else user.deliver(deliveryOf(channel, message, user));
    });
    current = { channel, tag: consumerTag };
    log.info({ queue, prefetch: config.prefetchCount }, "consuming");
  };

  const model = await reach(config, setup);
  model.on("error", (error: Error) => {
    log.warn({ error: describeError(error) }, "amqp connection error");
  });
  model.on("disconnect", (error: Error) => {
    if (!isStopping) log.warn({ error: describeError(error) }, "amqp connection lost, connecting again");
  });
  model.on("connect-failed", (error: Error) => {
    log.warn({ error: describeError(error) }, "amqp broker not reached, trying again");
  });
  return {
    stopDeliveries: async () => {
      isStopping = true;
      try {
        if (current !== null) await within(CLOSE_TIMEOUT_MS, current.channel.cancel(current.tag));
      } catch (error) {
        log.debug({ error: describeError(error) }, "the consumer was gone already");
      }
    },
    close: async () => {
      isStopping = true;
      try {
        // A connection's close may overtake acknowledgements that are still on their way; a channel's comes after them.
        if (current !== null) await within(CLOSE_TIMEOUT_MS, current.channel.close());
      } catch (error) {
        log.debug({ error: describeError(error) }, "the channel was gone already");
      }
      await within(CLOSE_TIMEOUT_MS, model.close());
    },
  };
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
  if (config.passiveDeclares) {
    for (const exchange of Object.keys(config.exchanges)) await channel.checkExchange(exchange);
    return (await channel.checkQueue(name)).queue;
  }
  for (const [exchange, { type, durable, auto_delete: autoDelete, arguments: args }] of Object.entries(
    config.exchanges,
  ))
    await channel.assertExchange(exchange, type, { durable, autoDelete, arguments: args });
  const { durable, auto_delete: autoDelete, exclusive, arguments: args } = config.queue;
  const { queue } = await channel.assertQueue(name, { durable, autoDelete, exclusive, arguments: args });
  for (const { exchange, routing_keys: keys } of config.bindings)
    for (const key of keys) await channel.bindQueue(queue, exchange, key);
  return queue;
}

function deliveryOf(channel: Channel, message: ConsumeMessage, { now, log }: Pick<BusUser, "now" | "log">): Delivery {
  const { headers } = message.properties;
  const messageId: unknown = message.properties.messageId;
  return {
    message: {
      topic: message.fields.routingKey,
      messageId: typeof messageId === "string" ? messageId : "",
      headers: headers ?? {},
      body: message.content,
      arrivedAt: now(),
    },
    ackUpTo: () => {
      try {
        channel.ack(message, true);
      } catch (error) {
        // The channel is gone: the broker delivers these again, and a repeat changes nothing.
        log.debug({ error: describeError(error) }, "acknowledgement came too late");
      }
    },
  };
}

/** A close on a dead socket can hang for ever: after `ms` it is given up. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
