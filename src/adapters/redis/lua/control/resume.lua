-- resume.lua: lift the stop of a kind of act. The day's counts begin again; an image that has reserved stays reserved.
-- KEYS[1] stops, by kind   KEYS[2] the day's counts
-- ARGV[1] kind   ARGV[2] now (ISO 8601)   ARGV[3] life of the day's counts (s)
-- Returns the stop that was lifted, or nil when there was none and nothing was written.
if not tonumber(ARGV[3]) then
  return redis.error_reply("resume.lua: the life of the counts is no number")
end
if not is(KEYS[1], "hash") then return foreign(KEYS[1]) end
local stop = redis.call("HGET", KEYS[1], ARGV[1])
if not stop then
  return nil
end
redis.call("HDEL", KEYS[1], ARGV[1])
redis.call("DEL", KEYS[2])
redis.call("HSET", KEYS[2], "resumed", ARGV[2])
redis.call("EXPIRE", KEYS[2], ARGV[3])
return stop
