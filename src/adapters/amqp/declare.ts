import type { Channel } from "amqplib";
import type { AmqpConfig } from "../../config/amqp.ts";
import type { HeardQueue } from "../../config/queues.ts";

/**
 * Makes a queue, or with `passive_declares` only checks that it is there, and binds it; resolves to its name. As
 * fedora-messaging does it: exchanges are others' to declare, and bindings are made in either case. Throws what the broker
 * answers.
 */
export async function declare(
  channel: Channel,
  { name, bindings, durable, auto_delete: autoDelete, exclusive, arguments: args }: HeardQueue,
  { passiveDeclares }: Pick<AmqpConfig, "passiveDeclares">,
): Promise<string> {
  const { queue } = passiveDeclares
    ? await channel.checkQueue(name)
    : await channel.assertQueue(name, { durable, autoDelete, exclusive, arguments: args });
  for (const { exchange, routing_keys: keys } of bindings)
    for (const key of keys) await channel.bindQueue(queue, exchange, key);
  return queue;
}
