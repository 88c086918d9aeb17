-- search.lua: of a stretch of a region's names, the newest first, those in which a text stands.
-- KEYS[1] names   ARGV[1] the text, in small letters   ARGV[2] how many newer ones are left out   ARGV[3] how many are looked at
-- ARGV[4] how many to find at the most
-- Returns how many there were to look at, then {member, score}….
local from, count, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not from or not count or not most then return redis.error_reply("search.lua: a number is none") end
if not is(KEYS[1], "zset") then return foreign(KEYS[1]) end
local entries = redis.call("ZREVRANGE", KEYS[1], from, from + count - 1, "WITHSCORES")
local found = { #entries / 2 }
for index = 1, #entries, 2 do
  if #found < 2 * most and string.find(string.lower(entries[index]), ARGV[1], 1, true) then
    found[#found + 1] = entries[index]
    found[#found + 1] = entries[index + 1]
  end
end
return found
