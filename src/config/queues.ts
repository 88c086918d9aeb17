import type { ConfigFile, QueueConfig } from "./file.ts";
import { tomlKey } from "./values.ts";
import { quote } from "../domain/words.ts";
import { ConfigError } from "../errors.ts";

interface BindingConfig {
  readonly exchange: string;
  readonly routing_keys: readonly string[];
}

/** A queue to be heard; `auto` stands for the UUID that the replicas share, "" for a name of the broker's choice. */
export interface HeardQueue extends QueueConfig {
  readonly name: string;
  /** What is to be bound to it; none: it hears what others bound. */
  readonly bindings: readonly BindingConfig[];
}

/** AMQP's short strings: the names of queues and exchanges, and routing keys. */
const MOST_BYTES = 255;

/**
 * Every queue of the file with its own bindings; a binding that names no queue belongs to the only one, or to the one that
 * the broker names. Throws `ConfigError` for a binding of no queue, and for names that AMQP cannot carry.
 */
export function readQueues(
  file: string,
  { queues, bindings }: Pick<ConfigFile, "queues" | "bindings">,
): readonly HeardQueue[] {
  const names = Object.keys(queues);
  const known = names.map(quote).join(", ");
  const owners = bindings.map(({ queue }) => {
    const owner = queue ?? (names.length === 1 ? names[0] : "");
    if (owner !== undefined && names.includes(owner)) return owner;
    throw new ConfigError(
      queue === undefined
        ? `${file}: bindings: one names no queue, and queues has several (${known}): give each binding its queue`
        : `${file}: bindings: queue ${quote(queue)} is not in queues, which has ${known}: name one of these, or add [queues.${tomlKey(queue)}]`,
    );
  });
  const heard = Object.entries(queues).map(([name, queue]) => ({
    name,
    ...queue,
    bindings: bindings
      .filter((_, index) => owners[index] === name)
      .map(({ exchange, routing_keys }) => ({ exchange, routing_keys })),
  }));
  for (const { name, bindings: own } of heard)
    for (const word of [name, ...own.flatMap(({ exchange, routing_keys: keys }) => [exchange, ...keys])])
      if (Buffer.byteLength(word) > MOST_BYTES)
        throw new ConfigError(
          `${file}: queues and bindings: ${quote(word.slice(0, 40))}… is longer than AMQP's ${MOST_BYTES} bytes: shorten it`,
        );
  return heard;
}
