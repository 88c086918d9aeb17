-- take.lua: record what is about to be taken from an image, once; what stands there is never overwritten.
-- KEYS[1] image hash
-- ARGV[1] token of the claim   ARGV[2] what is taken, as JSON
-- Returns what stands there now, or "" when the claim is lost.
if redis.call("HGET", KEYS[1], "token") ~= ARGV[1] then
  return ""
end
local taken = redis.call("HGET", KEYS[1], "taken_away")
if taken and taken ~= "" then
  return taken
end
redis.call("HSET", KEYS[1], "taken_away", ARGV[2])
redis.call("HINCRBY", KEYS[1], "revision", 1)
return ARGV[2]
