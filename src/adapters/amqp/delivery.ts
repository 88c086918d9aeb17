import type { Channel, ConsumeMessage } from "amqplib";
import { headersUnreadable } from "./guard.ts";
import { describeError } from "../../errors.ts";
import type { Clock, Delivery, Log } from "../../ports/index.ts";

/** A message as it came on a channel, with the ways to answer it there. `lost` aborts with the channel. */
export function deliveryOf(
  { channel, lost }: { readonly channel: Channel; readonly lost: AbortSignal },
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

/** When the channel is gone, the broker delivers what was on it again, and a repeat changes nothing. */
function unlessGone(answer: () => void, log: Log): void {
  try {
    answer();
  } catch (error) {
    log.debug({ error: describeError(error) }, "an answer to the broker came too late");
  }
}
