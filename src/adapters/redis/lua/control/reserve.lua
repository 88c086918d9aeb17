-- reserve.lua: reserve one act of the day for an image, unless a budget is used up, which stops the kind of act.
-- KEYS[1] stops, by kind   KEYS[2] the day's images: "region ami-id" to when, "region live" to how many
-- KEYS[3] the day's counts: "all" and each region   KEYS[4] acts by day, for what is usual
-- ARGV[1] kind   ARGV[2] day   ARGV[3] region   ARGV[4] ami-id   ARGV[5] now (ISO 8601)   ARGV[6] life of the day's keys (s)
-- ARGV[7] live images of the region   ARGV[8] most in the day   ARGV[9] the stop to write for it
-- ARGV[10] most in the region   ARGV[11] the stop to write for it
-- Returns {"reserved"}, {"stopped", the stop in force}, or {"unreadable", the key that is not ours}.
local day, region, life = tonumber(ARGV[8]), tonumber(ARGV[10]), tonumber(ARGV[6])
if not day or not region or not life or #ARGV ~= 11 then
  return redis.error_reply("reserve.lua: a budget is no number")
end
for _, key in ipairs(KEYS) do
  local type = redis.call("TYPE", key).ok
  if type ~= "hash" and type ~= "none" then return { "unreadable", key } end
end
local stop = redis.call("HGET", KEYS[1], ARGV[1])
if stop then return { "stopped", stop } end
local image = ARGV[3] .. " " .. ARGV[4]
if redis.call("HEXISTS", KEYS[2], image) == 1 then return { "reserved" } end
local places = { { KEYS[3], "all" }, { KEYS[3], ARGV[3] }, { KEYS[4], ARGV[2] } }
local counts = {}
for index, place in ipairs(places) do
  local count = redis.call("HGET", place[1], place[2]) or "0"
  if not string.match(count, "^%d+$") then return { "unreadable", place[1] } end
  counts[index] = tonumber(count)
end
local full = counts[1] >= day and ARGV[9] or counts[2] >= region and ARGV[11]
if full then
  redis.call("HSET", KEYS[1], ARGV[1], full)
  return { "stopped", full }
end
for index, place in ipairs(places) do redis.call("HSET", place[1], place[2], counts[index] + 1) end
redis.call("HSET", KEYS[2], image, ARGV[5], ARGV[3] .. " live", ARGV[7])
for index = 2, 3 do redis.call("EXPIRE", KEYS[index], life) end
return { "reserved" }
