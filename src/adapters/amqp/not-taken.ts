import { unreachable } from "./reasons.ts";
import type { AmqpConfig } from "../../config/amqp.ts";
import type { AnnounceConfig } from "../../config/broker/announce.ts";
import { describeError, RefusedError, UpstreamError } from "../../errors.ts";
import type { BusMessage } from "../../ports/index.ts";

/** The broker has answered for a message, and has not taken it; the connection is well. */
export class NotTaken extends Error {
  override readonly name = "NotTaken";
  readonly how: "returned" | "nacked";

  constructor(how: "returned" | "nacked", why: string) {
    super(why);
    this.how = how;
  }
}

/** What a person has to mend, by AMQP's reply code (0-9-1, section 1.2, and RabbitMQ's use of it). */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  ["403", "ask who runs the broker for the right to write this topic there, or mend topic_prefix and publish_exchange"],
  ["404", "mend publish_exchange: nobody has made it on this virtual host"],
  ["406", "ask who runs the broker to take messages of that size"],
]);

/**
 * Why a message is not on the bus, in one line with the remedy: a `RefusedError` where a person must mend something, an
 * `UpstreamError` where it is tried again.
 */
export function notTaken(
  config: Pick<AmqpConfig, "url"> & Pick<AnnounceConfig, "exchange" | "topicPrefix">,
  message: Pick<BusMessage, "topic">,
  error: unknown,
): UpstreamError | RefusedError {
  const what = `broker: ${config.topicPrefix}${message.topic} was not taken by exchange ${JSON.stringify(config.exchange)}`;
  const reason = describeError(error);
  if (error instanceof NotTaken && error.how === "returned") {
    const remedy = "bind a queue to it, as whoever hears these messages does, or set announce.on = false";
    return new RefusedError("amqp", "unroutable", `${what}: nobody hears it (${reason}): ${remedy}`);
  }
  if (error instanceof NotTaken) {
    const remedy = "a queue is full, or its node is away: ask who runs the broker; it is tried again";
    return new UpstreamError("amqp", "nack", `${what}: ${reason}: ${remedy}`);
  }
  const code = codeIn(error);
  const remedy = REMEDIES.get(code);
  if (remedy === undefined) return unreachable(config, error);
  return new RefusedError("amqp", code, `${what}: ${reason}: ${remedy}`, { cause: error });
}

/** The reply code of a channel that the broker has closed; empty: it was something else. */
function codeIn(error: unknown): string {
  if (error instanceof UpstreamError) return "";
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "number" ? String(code) : "";
}
