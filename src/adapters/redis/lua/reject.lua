-- reject.lua: put messages that could not be understood among those, each once: it may come again, and an answer of ours may be lost.
-- KEYS[1] the rejected   KEYS[2] fingerprints of what was ever put there, by when it came last
-- ARGV[1] now (ms)   ARGV[2] how many fingerprints are kept   ARGV[3…] of each message: fingerprint, how many words follow, field, value, …
-- Returns of each 1 when it was put there, 0 when it was known, -1 when it was put there and the fingerprints are somebody else's.
local now, most = tonumber(ARGV[1]), tonumber(ARGV[2])
if not now or not most then return redis.error_reply("reject.lua: no time, or no number of fingerprints") end
if not is(KEYS[1], "stream") then return foreign(KEYS[1]) end
local isList = is(KEYS[2], "zset")
local results, at = {}, 3
while at <= #ARGV do
  local fingerprint, words = ARGV[at], tonumber(ARGV[at + 1])
  if not words or words % 2 ~= 0 or words == 0 or at + 1 + words > #ARGV then
    return redis.error_reply("reject.lua: the fields do not come in pairs")
  end
  local isKnown = isList and redis.call("ZSCORE", KEYS[2], fingerprint)
  if not isKnown then redis.call("XADD", KEYS[1], "*", unpack(ARGV, at + 2, at + 1 + words)) end
  -- What comes again is not forgotten.
  if isList then redis.call("ZADD", KEYS[2], ARGV[1], fingerprint) end
  results[#results + 1] = isKnown and 0 or (isList and 1 or -1)
  at = at + 2 + words
end
if isList then
  local oldest = redis.call("ZRANGE", KEYS[2], 0, -most - 1)
  if #oldest > 0 then redis.call("ZREM", KEYS[2], unpack(oldest)) end
end
return results
