import type { Channel, ConsumeMessage } from "amqplib";
import { describeError } from "../../errors.ts";
import type { Delivery, Log } from "../../ports/index.ts";

/** A message as it came on a channel, with the ways to answer it there. `lost` aborts with the channel. */
export function deliveryOf(
  { channel, lost }: { readonly channel: Channel; readonly lost: AbortSignal },
  message: ConsumeMessage,
  { now, log }: { readonly now: () => number; readonly log: Log },
): Delivery {
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
