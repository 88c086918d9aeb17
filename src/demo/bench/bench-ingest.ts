import { systemClock } from "../../adapters/clock.ts";
import { openRedis } from "../../adapters/redis/connection.ts";
import { redisFacts } from "../../adapters/redis/facts.ts";
import { redisRejected } from "../../adapters/redis/rejected.ts";
import { redisSchedule } from "../../adapters/redis/images/schedule.ts";
import { generateMonth } from "../outside/datagrepper/month.ts";
import { DEFAULT_POLICY } from "../../domain/compose/classify.ts";
import { DAY_MS, MINUTE_MS } from "../../domain/time.ts";
import { ingest } from "../../hear/ingest.ts";
import type { Log, Message } from "../../ports/index.ts";

/** Ingest fed from an array, in batches as large as a backfill's: prints the seconds that it took. */
const COUNT = Number(process.argv[2]);
const BATCH = 100;
const nothing = (): void => undefined;
const log: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const periods = {
  privateAfterMs: 5 * DAY_MS,
  deleteAfterMs: 10 * DAY_MS,
  afterHoldMs: 3 * DAY_MS,
  unresolvedForMs: 14 * DAY_MS,
  leaseMs: MINUTE_MS,
};

const source = generateMonth({ seed: 7, count: COUNT, start: Date.parse("2026-10-01T00:00:00Z"), regions: 1 });
const messages = Array.from({ length: COUNT }, (_, index): Message => {
  const { topic, id, headers, body } = source.messageAt(index);
  return {
    topic,
    messageId: id,
    headers: headers ?? {},
    body: Buffer.from(JSON.stringify(body)),
    arrivedAt: Date.now(),
  };
});
const connection = await openRedis(process.env["REDIS_URL"] ?? "", "bench-array", log);
const ingester = {
  schedule: redisSchedule(connection, systemClock, periods),
  facts: redisFacts(connection),
  rejected: redisRejected(connection),
  clock: systemClock,
  log,
  periods,
  policy: DEFAULT_POLICY,
  environments: ["prod"],
};
const since = performance.now();
for (let at = 0; at < COUNT; at += BATCH)
  await Promise.all(messages.slice(at, at + BATCH).map((message) => ingest(message, ingester)));
console.log((performance.now() - since) / 1000);
await connection.close();
