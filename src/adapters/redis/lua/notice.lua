-- notice.lua: the public has been told; from here the ten days run. Set once, and the only way into the delete queue.
-- KEYS[1] image hash   KEYS[2] delete queue   KEYS[3] events   KEYS[4] counts of the region's images
-- ARGV[1] ami-id   ARGV[2] noticed_at   ARGV[3] delete_at   ARGV[4] score of delete_at (epoch s)
-- ARGV[5] the revision that the deadline was made from   ARGV[6…] field, value, … of the event
-- Returns 1, or 0 when the image is not private, was noticed before, or has changed since it was read.
if not is(KEYS[1], "hash") or not isCounted(KEYS[1]) then return foreign(KEYS[1]) end
if not is(KEYS[3], "stream") then return foreign(KEYS[3]) end
local stage, noticed, revision = unpack(redis.call("HMGET", KEYS[1], "stage", "noticed_at", "revision"))
if stage ~= "private" or (noticed and noticed ~= "") or revision ~= ARGV[5] then
  return 0
end
redis.call("HSET", KEYS[1], "noticed_at", ARGV[2], "delete_at", ARGV[3])
redis.call("HINCRBY", KEYS[1], "revision", 1)
recount(KEYS[1], KEYS[4])
if is(KEYS[2], "zset") then redis.call("ZADD", KEYS[2], ARGV[4], ARGV[1]) end
redis.call("XADD", KEYS[3], "*", unpack(ARGV, 6))
return 1
