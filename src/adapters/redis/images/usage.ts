import type { RedisConnection } from "../connection.ts";
import { asUpstream } from "../strange.ts";
import { translateErrors } from "../../translate.ts";
import type { UsageRecord } from "../../../domain/elsewhere/usage.ts";
import { jsonOf } from "../../../domain/json.ts";
import { formatInstant, parseInstant } from "../../../domain/time.ts";
import type { UsageMemory } from "../../../ports/index.ts";

/** One hash a region: AMI to JSON. Deleting a field has the image asked about anew. */
export function redisUsage({ redis, keys, strangers }: RedisConnection): UsageMemory {
  const memory: UsageMemory = {
    read: async (region, amiIds) => {
      if (amiIds.length === 0) return new Map();
      const key = keys.usage(region);
      const texts = await strangers.orTell(key, redis.hmget(key, ...amiIds), []);
      return readAll(amiIds.map((amiId, index) => [amiId, texts[index] ?? ""]));
    },
    all: async (region) => {
      const key = keys.usage(region);
      return readAll(Object.entries(await strangers.orTell(key, redis.hgetall(key), {})));
    },
    write: async (region, amiId, record) => {
      const key = keys.usage(region);
      await strangers.orTell(key, redis.hset(key, amiId, textOf(record)), 0);
    },
    forget: async (region, amiIds) => {
      const key = keys.usage(region);
      if (amiIds.length > 0) await strangers.orTell(key, redis.hdel(key, ...amiIds), 0);
    },
  };
  return translateErrors(memory, asUpstream);
}

function readAll(entries: readonly (readonly [string, string])[]): ReadonlyMap<string, UsageRecord> {
  return new Map(
    entries.flatMap(([amiId, text]): [string, UsageRecord][] => {
      const record = readRecord(text);
      return record === null ? [] : [[amiId, record]];
    }),
  );
}

function textOf({ reportId, askedAt, accounts, answeredAt }: UsageRecord): string {
  const answered = answeredAt === null ? "" : formatInstant(answeredAt);
  return JSON.stringify({ report: reportId, asked_at: formatInstant(askedAt), accounts, answered_at: answered });
}

/** Null: it is none, or cannot be understood; then it is asked anew. */
function readRecord(text: string): UsageRecord | null {
  const value = text === "" ? null : jsonOf(text);
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  const { report, accounts } = fields;
  const instant = (name: string): number | null => parseInstant(typeof fields[name] === "string" ? fields[name] : "");
  const askedAt = instant("asked_at");
  const isCount = typeof accounts === "number" && Number.isInteger(accounts) && accounts >= 0;
  if (askedAt === null || typeof report !== "string" || (accounts !== null && !isCount)) return null;
  return { reportId: report, askedAt, accounts: isCount ? accounts : null, answeredAt: instant("answered_at") };
}
