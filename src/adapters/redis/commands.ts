import { nodeOf } from "./client/cluster.ts";
import { isForbidden } from "./client/trouble.ts";
import type { RedisConnection } from "./connection.ts";

/**
 * Every command that the service cannot do without, beside MULTI, EXEC and DISCARD, our scripts' included, with words that
 * make a form of it that Redis takes; KEY is a key of ours. A test holds the list against the code, and runs the service as
 * a user who has exactly these.
 */
const NEEDED_COMMANDS: Readonly<Record<string, string>> = {
  DEL: "KEY",
  EVAL: "return 1 KEY",
  EVALSHA: "0000000000000000000000000000000000000000 1 KEY",
  EXISTS: "KEY",
  EXPIRE: "KEY 1",
  GET: "KEY",
  HDEL: "KEY a",
  HEXISTS: "KEY a",
  HGET: "KEY a",
  HGETALL: "KEY",
  HINCRBY: "KEY a 1",
  HKEYS: "KEY",
  HMGET: "KEY a",
  HSET: "KEY a b",
  HSETNX: "KEY a b",
  MGET: "KEY",
  PERSIST: "KEY",
  PEXPIRE: "KEY 1",
  PTTL: "KEY",
  SADD: "KEY a",
  SCAN: "0",
  SCARD: "KEY",
  SET: "KEY a",
  SMEMBERS: "KEY",
  SMISMEMBER: "KEY a",
  SREM: "KEY a",
  SSCAN: "KEY 0",
  TIME: "",
  TYPE: "KEY",
  XADD: "KEY * a b",
  XDEL: "KEY 0-1",
  XLEN: "KEY",
  XRANGE: "KEY - +",
  XREVRANGE: "KEY + -",
  XTRIM: "KEY MAXLEN 1",
  ZADD: "KEY 1 a",
  ZCOUNT: "KEY 0 1",
  ZMSCORE: "KEY a",
  ZRANGE: "KEY 0 1",
  ZRANGEBYSCORE: "KEY 0 1",
  ZRANK: "KEY a",
  ZREM: "KEY a",
  ZREMRANGEBYSCORE: "KEY 0 1",
  ZREVRANGE: "KEY 0 1",
  ZSCORE: "KEY a",
};

/**
 * What of it the user may not do. Each is put into a transaction that is thrown away: Redis looks at the permission when it
 * queues a command ("Transactions"), and nothing is carried out. Null: not even that is allowed.
 */
export async function refusedCommands({ redis: client, keys }: RedisConnection): Promise<readonly string[] | null> {
  const names = Object.keys(NEEDED_COMMANDS);
  const key = keys.control("run");
  // A connection of its own: where DISCARD is refused, whatever else came over it would only be queued.
  const redis = nodeOf(client, key).duplicate({ enableReadyCheck: false });
  redis.on("error", () => undefined);
  // EXEC with nothing begun is an error, or forbidden.
  const [executed, begun, ...answers] = await Promise.allSettled([
    redis.call("EXEC"),
    redis.call("MULTI"),
    ...names.map((name) => redis.call(name, ...wordsOf(name, key))),
    redis.call("DISCARD"),
  ]);
  redis.disconnect();
  if (isNoPermission(begun)) return null;
  return [...names, "DISCARD", "EXEC"].filter((_, index) => isNoPermission([...answers, executed][index]));
}

function wordsOf(name: string, key: string): readonly string[] {
  const words = NEEDED_COMMANDS[name] ?? "";
  return words === "" ? [] : words.split(" ").map((word) => (word === "KEY" ? key : word));
}

function isNoPermission(answer: PromiseSettledResult<unknown> | undefined): boolean {
  return answer?.status === "rejected" && isForbidden(answer.reason);
}
