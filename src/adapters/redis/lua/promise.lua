-- promise.lua: the public reads that an image is not deleted before a date. Of several dates the latest stands.
-- KEYS[1] image hash   ARGV[1] the date (ISO 8601 UTC, whole seconds: such texts are in the order of time)
-- Returns 1, or 0 when there is no such image.
if redis.call("EXISTS", KEYS[1]) == 0 then
  return 0
end
local promised = redis.call("HGET", KEYS[1], "promised_at")
if not promised or promised < ARGV[1] then
  redis.call("HSET", KEYS[1], "promised_at", ARGV[1])
end
return 1
