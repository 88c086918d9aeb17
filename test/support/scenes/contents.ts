import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";

/**
 * Every key of an installation with what it holds, comparable. Of a hash not the dump is taken: the order of its fields is that of
 * a table which Redis goes on growing by itself.
 */
export async function contentsOf({ redis, keys }: RedisConnection): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  for (const name of (await redis.keys(`${keys.format.replace(/:format$/, "")}:*`)).sort())
    contents[name] =
      (await redis.type(name)) === "hash"
        ? Object.entries(await redis.hgetall(name)).sort()
        : (await redis.dumpBuffer(name)).toString("base64");
  return contents;
}
