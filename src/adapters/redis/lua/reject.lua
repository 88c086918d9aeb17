-- reject.lua: put a message that could not be understood among those, once: it may come again, and an answer of ours may be lost.
-- KEYS[1] the rejected   KEYS[2] fingerprints of what was ever put there, by when it came last
-- ARGV[1] fingerprint   ARGV[2] now (ms)   ARGV[3] how many fingerprints are kept   ARGV[4…] field, value, …
-- Returns 1 when it was put there, 0 when it was known, -1 when it was put there and the fingerprints are somebody else's.
if #ARGV % 2 ~= 1 or not tonumber(ARGV[2]) or not tonumber(ARGV[3]) then
  return redis.error_reply("reject.lua: the fields do not come in pairs")
end
local isList = is(KEYS[2], "zset")
local isKnown = isList and redis.call("ZSCORE", KEYS[2], ARGV[1])
if not isKnown then
  if not is(KEYS[1], "stream") then return foreign(KEYS[1]) end
  redis.call("XADD", KEYS[1], "*", unpack(ARGV, 4))
  if not isList then return -1 end
end
-- What comes again is not forgotten.
redis.call("ZADD", KEYS[2], ARGV[2], ARGV[1])
if isKnown then return 0 end
local oldest = redis.call("ZRANGE", KEYS[2], 0, -ARGV[3] - 1)
if #oldest > 0 then redis.call("ZREM", KEYS[2], unpack(oldest)) end
return 1
