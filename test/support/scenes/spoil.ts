import type { RedisConnection } from "../../../src/adapters/redis/connection.ts";
import type { KeyType } from "../../../src/adapters/redis/keys.ts";

/** One way in which a key is made unreadable. */
export interface Spoiling {
  readonly what: string;
  /** Whether the whole key is one that nobody can read: then it must be told. */
  readonly isOther: boolean;
  /** Whether what stood there before is put back afterwards; else it is left as it is. */
  readonly isUndone: boolean;
  readonly spoil: (connection: RedisConnection, key: string) => Promise<unknown>;
}

const GARBAGE = ["", "{", '{"a":1}', "[1]", "garbage 1795655695082"];

/** The fields of an image, one at a time: a record that is half ours. */
const IMAGE_FIELDS = [
  ...["stage", "uploaded_at", "private_at", "taken_away", "snapshot_ids", "revision", "attempts", "missed_looks"],
  ...["made_private_at", "noticed_at", "delete_at", "earliest_delete_at", "released_at", "missed_since", "compose_id"],
  ...["promised_at", "missed_at", "image_name", "arch", "rule", "reason", "last_error", "token", "snapshot_results"],
  ...["becomes", "held_from", "wish", "hold_by", "hold_why", "hold_since", "hold_until"],
];

/** What somebody else may have written in the place of a key of that type. */
export function otherTypes(type: KeyType): readonly Spoiling[] {
  const list: Spoiling = other("a list", ({ redis }, key) => redis.rpush(key, "x"));
  return type === "string"
    ? [list, other("a hash", ({ redis }, key) => redis.hset(key, "x", "y"))]
    : [list, other("a string", ({ redis }, key) => redis.set(key, "x"))];
}

function other(what: string, write: Spoiling["spoil"]): Spoiling {
  return {
    what,
    isOther: true,
    isUndone: true,
    spoil: async (connection, key) => {
      await connection.redis.del(key);
      await write(connection, key);
    },
  };
}

/** Values that no version of ours writes, in a key of the right type. */
export function brokenValues(type: KeyType, name: string): readonly Spoiling[] {
  const broken = (what: string, isUndone: boolean, spoil: Spoiling["spoil"]): Spoiling => ({
    what,
    isOther: false,
    isUndone,
    spoil,
  });
  switch (type) {
    case "string":
      return GARBAGE.map((text) => broken(JSON.stringify(text), true, ({ redis }, key) => redis.set(key, text)));
    case "hash":
      return [
        ...GARBAGE.map((text) => broken(`every field ${JSON.stringify(text)}`, true, (at, key) => fill(at, key, text))),
        ...(name === "image:*"
          ? IMAGE_FIELDS.map((field) =>
              broken(`its ${field}`, true, ({ redis }, key) => redis.hset(key, field, "{garbage")),
            )
          : []),
      ];
    case "set":
      return [broken("a member", false, ({ redis }, key) => redis.sadd(key, "not one of ours"))];
    case "zset":
      return [
        broken("a member", false, ({ redis }, key) => redis.zadd(key, 0, "not one of ours")),
        broken("a member before all", false, ({ redis }, key) => redis.zadd(key, "-inf", "nor this")),
      ];
    case "stream":
      return [broken("an entry", false, ({ redis }, key) => redis.xadd(key, "*", "not", "one of ours"))];
  }
}

async function fill({ redis }: RedisConnection, key: string, text: string): Promise<void> {
  const fields = await redis.hkeys(key);
  for (const field of fields.length === 0 ? ["us-east-1"] : fields) await redis.hset(key, field, text);
}

/** Spoils a key, and resolves to how it is put back as it was. */
export async function spoilKey(
  connection: RedisConnection,
  key: string,
  { spoil, isUndone }: Spoiling,
): Promise<() => Promise<void>> {
  const { redis } = connection;
  const before = (await redis.dumpBuffer(key)) as Buffer | null;
  await spoil(connection, key);
  return async () => {
    if (!isUndone) return;
    await redis.del(key);
    if (before !== null) await redis.restore(key, 0, before);
  };
}
