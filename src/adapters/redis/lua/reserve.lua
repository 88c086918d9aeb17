-- reserve.lua: reserve one act of the day for an image, unless a budget is used up, which stops the kind of act.
-- KEYS[1] who has reserved today, a set   KEYS[2] counts of today: field "all" and each region   KEYS[3] stops
-- KEYS[4] acts by day, for what is usual
-- ARGV[1] kind   ARGV[2] "region ami-id"   ARGV[3] region   ARGV[4] most in a day   ARGV[5] most in the region
-- ARGV[6] the stop to write for the day   ARGV[7] for the region   ARGV[8] day   ARGV[9] life of the day's keys (s)
-- Returns "" when reserved, else the stop in force.
local stop = redis.call("HGET", KEYS[3], ARGV[1])
if stop then
  return stop
end
local day, region = tonumber(ARGV[4]), tonumber(ARGV[5])
if not day or not region or day < 1 or region < 1 then
  return redis.error_reply("reserve.lua: a budget is no number above zero")
end
if redis.call("SISMEMBER", KEYS[1], ARGV[2]) == 1 then
  return ""
end
local full = nil
if tonumber(redis.call("HGET", KEYS[2], "all") or 0) >= day then
  full = ARGV[6]
elseif tonumber(redis.call("HGET", KEYS[2], ARGV[3]) or 0) >= region then
  full = ARGV[7]
end
if full then
  redis.call("HSET", KEYS[3], ARGV[1], full)
  return full
end
redis.call("SADD", KEYS[1], ARGV[2])
redis.call("HINCRBY", KEYS[2], "all", 1)
redis.call("HINCRBY", KEYS[2], ARGV[3], 1)
redis.call("HINCRBY", KEYS[4], ARGV[8], 1)
redis.call("EXPIRE", KEYS[1], ARGV[9])
redis.call("EXPIRE", KEYS[2], ARGV[9])
return ""
