-- epoch.lua: begin to count all images of a region anew beside what is counted, or put what was counted anew in its place.
-- KEYS[1] counts   ARGV[1] "" begins; else the epoch that ends, when every record has been counted in it
-- Returns the epoch under way; "" when it has ended, by somebody else too, or was lost.
if not is(KEYS[1], "hash") then return foreign(KEYS[1]) end
local epoch, coming = epochsOf(KEYS[1])
if ARGV[1] == "" then
  if coming then return coming end
  coming = newEpoch()
  if coming == epoch then coming = coming .. "0" end
  redis.call("HSET", KEYS[1], "next", coming)
  return coming
end
if coming ~= ARGV[1] then return "" end
local kept, head = { "epoch", coming }, coming .. " "
local fields = redis.call("HGETALL", KEYS[1])
for index = 1, #fields, 2 do
  if string.sub(fields[index], 1, #head) == head then
    kept[#kept + 1] = string.sub(fields[index], #head + 1)
    kept[#kept + 1] = fields[index + 1]
  end
end
redis.call("DEL", KEYS[1])
redis.call("HSET", KEYS[1], unpack(kept))
return ""
