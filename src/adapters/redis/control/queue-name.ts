import { createHash, randomUUID } from "node:crypto";
import type { RedisConnection } from "../connection.ts";

/**
 * The name of the queue that all replicas share: a UUID, as Fedora's public broker demands, made once and remembered. Where
 * somebody else's key stands in its place, one that every replica makes of the key's name.
 */
export async function sharedQueueName({ redis, keys, strangers }: RedisConnection): Promise<string> {
  const key = keys.control("queue");
  await redis.set(key, randomUUID(), "NX");
  const name = await strangers.orTell(key, redis.get(key), madeOf(key));
  if (name === null) throw new Error(`redis: ${key} vanished while it was read`);
  return name === "" ? madeOf(key) : name;
}

function madeOf(key: string): string {
  const hex = createHash("sha256").update(key).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
