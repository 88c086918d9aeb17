-- search.lua: of a stretch of a region's names, the newest first, those in which a text stands.
-- KEYS[1] names   ARGV[1] the text, in small letters   ARGV[2] how many newer ones are left out   ARGV[3] how many are looked at
-- ARGV[4] how many to find at the most
-- Returns how many there were to look at, the score of the last of them (0 without one), then {member, score}….
local from, count, most = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not from or not count or not most then return redis.error_reply("search.lua: a number is none") end
if not is(KEYS[1], "zset") then return foreign(KEYS[1]) end
local members = redis.call("ZREVRANGE", KEYS[1], from, from + count - 1)
local found = { #members, #members > 0 and redis.call("ZSCORE", KEYS[1], members[#members]) or "0" }
for _, member in ipairs(members) do
  if #found - 2 < 2 * most and string.find(string.lower(member), ARGV[1], 1, true) then
    found[#found + 1] = member
    found[#found + 1] = redis.call("ZSCORE", KEYS[1], member)
  end
end
return found
