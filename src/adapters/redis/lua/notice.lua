-- notice.lua: the public has been told; from here the ten days run. Set once, and the only way into the delete queue.
-- KEYS[1] image hash   KEYS[2] delete queue   KEYS[3] events
-- ARGV[1] ami-id   ARGV[2] noticed_at   ARGV[3] delete_at   ARGV[4] score of delete_at (epoch s)
-- ARGV[5…] field, value, … of the event
-- Returns 1, or 0 when the image is not private or was noticed before.
local stage, noticed = unpack(redis.call("HMGET", KEYS[1], "stage", "noticed_at"))
if stage ~= "private" or (noticed and noticed ~= "") then
  return 0
end
redis.call("HSET", KEYS[1], "noticed_at", ARGV[2], "delete_at", ARGV[3])
redis.call("HINCRBY", KEYS[1], "revision", 1)
redis.call("ZADD", KEYS[2], ARGV[4], ARGV[1])
redis.call("XADD", KEYS[3], "*", unpack(ARGV, 5))
return 1
