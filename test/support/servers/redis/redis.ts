import { randomUUID } from "node:crypto";
import type { Test } from "tap";
import { walkKeys, type KeyPage } from "../../../../src/adapters/redis/client/cluster.ts";
import { openRedis, type RedisConnection } from "../../../../src/adapters/redis/connection.ts";
import { redisHearing } from "../../../../src/adapters/redis/control/hearing.ts";
import { formatInstant, type Instant } from "../../../../src/domain/time.ts";
import type { HearingMemory } from "../../../../src/ports/index.ts";
import { silentLog } from "../../run/log.ts";

/** The address of a server that the test run started. */
export function serverUrl(name: "TEST_REDIS_URL" | "TEST_AMQP_URL"): string {
  const url = process.env[name];
  if (url === undefined) throw new Error(`${name} is not set: run the tests with npm test, which starts the servers`);
  return url;
}

/** A connection with a key prefix of its own; its keys are removed and it is closed with the test. */
export async function openTestRedis(
  test: Pick<Test, "teardown">,
  url = serverUrl("TEST_REDIS_URL"),
  log = silentLog,
): Promise<RedisConnection> {
  const prefix = `test-${randomUUID()}`;
  const connection = await openRedis(url, prefix, log);
  test.teardown(async () => {
    await removeKeys(connection, prefix);
    await connection.close();
  });
  return connection;
}

async function removeKeys({ redis }: RedisConnection, prefix: string): Promise<void> {
  for (let from: string | null = null, isFirst = true; isFirst || from !== null; isFirst = false) {
    const page: KeyPage = await walkKeys(redis, from, `${prefix}:*`, 1000);
    await Promise.all(page.found.map((key) => redis.del(key)));
    from = page.next;
  }
}

/** All is heard until then, in the run that Redis is in. */
export async function rememberHeard(
  connection: Pick<RedisConnection, "redis" | "keys" | "strangers">,
  until: Instant,
): Promise<void> {
  const runId = await redisHearing(connection, silentLog).runId();
  await rememberHearing(connection, { heardUntil: until, runId, wholeAt: null });
}

/** Writes down how far everything was heard, as the service does when it has read the archive. */
export async function rememberHearing(
  { redis, keys }: Pick<RedisConnection, "redis" | "keys">,
  { heardUntil, runId, wholeAt }: HearingMemory,
): Promise<void> {
  const text = (at: Instant | null): string => (at === null ? "" : formatInstant(at));
  const fields = { heard_until: text(heardUntil), run_id: runId ?? "", whole_at: text(wholeAt) };
  await redis.hset(keys.control("ears"), fields);
}
