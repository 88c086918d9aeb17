import type { Channel, ConsumeMessage } from "amqplib";
import { headersUnreadable } from "./guard.ts";
import { describeError } from "../../errors.ts";
import type { Clock, Delivery, Log } from "../../ports/index.ts";

/** What RabbitMQ 4 allows where nobody says another number; 3.x allows any. */
const STANDARD_LIMIT = 20;

/** How often a quorum queue, as the configuration has it, delivers a message again before it drops it; 0 or more. */
export function deliveryLimit(args: object): number {
  const limit: unknown = (args as { readonly "x-delivery-limit"?: unknown })["x-delivery-limit"];
  if (typeof limit !== "number") return STANDARD_LIMIT;
  return limit < 0 ? Infinity : limit;
}

/**
 * A message as it came on a channel, with the ways to answer it there. `lost` aborts with the channel; `limit`: how often its
 * queue delivers it again.
 */
export function deliveryOf(
  { channel, lost, limit }: { readonly channel: Channel; readonly lost: AbortSignal; readonly limit: number },
  message: ConsumeMessage,
  { clock, log }: { readonly clock: Pick<Clock, "now">; readonly log: Log },
): Delivery {
  const { headers } = message.properties;
  const messageId: unknown = message.properties.messageId;
  const unreadable = headersUnreadable(message.properties);
  if (unreadable !== null)
    log.warn(
      { messageId, topic: message.fields.routingKey, error: unreadable },
      "headers cannot be read, and count as none",
    );
  return {
    message: {
      topic: message.fields.routingKey,
      messageId: typeof messageId === "string" ? messageId : "",
      headers: headers ?? {},
      body: message.content,
      arrivedAt: clock.now(),
    },
    lost,
    spent: whySpent(headers?.["x-delivery-count"], limit),
    ackUpTo: () => {
      unlessGone(() => {
        channel.ack(message, true);
      }, log);
    },
    giveBack: () => {
      unlessGone(() => {
        channel.nack(message, false, true);
      }, log);
    },
  };
}

/**
 * The last delivery, and the one before it, are not worked: whatever kept the earlier ones from being acknowledged may end us
 * as well.
 */
function whySpent(count: unknown, limit: number): string | null {
  if (typeof count !== "number" || count < Math.max(1, limit - 1)) return null;
  return `delivered ${count + 1} times and never acknowledged: kept before the broker drops it`;
}

/** When the channel is gone, the broker delivers what was on it again, and a repeat changes nothing. */
function unlessGone(answer: () => void, log: Log): void {
  try {
    answer();
  } catch (error) {
    log.debug({ error: describeError(error) }, "an answer to the broker came too late");
  }
}
