import { randomUUID } from "node:crypto";
import type { RedisConnection } from "../connection.ts";

/**
 * The name of the queue that all replicas share: a UUID, as Fedora's public broker demands, made once and remembered.
 */
export async function sharedQueueName({ redis, keys }: RedisConnection): Promise<string> {
  const key = keys.control("queue");
  await redis.set(key, randomUUID(), "NX");
  const name = await redis.get(key);
  if (name === null) throw new Error(`redis: ${key} vanished while it was read`);
  return name;
}
