-- place.lua: put an image where its stage has it, unless its record was written since it was read.
-- KEYS[1] image hash   KEYS[2] the region's images   KEYS[3…] the queues of the region
-- ARGV[1] ami-id   ARGV[2] the record's revision   ARGV[3] index in KEYS of the queue to wait in, "0" for none
-- ARGV[4] score (epoch s), where it does not wait there yet   ARGV[5] "1": it belongs to the region's images
-- Returns 1 when something was put right, else 0.
if ARGV[3] ~= "0" and not string.match(ARGV[4], "^%d+$") then
  return redis.error_reply("place.lua: the score is no number")
end
if not is(KEYS[1], "hash") then return foreign(KEYS[1]) end
if redis.call("HGET", KEYS[1], "revision") ~= ARGV[2] then
  return 0
end
local changed = 0
for index = 3, #KEYS do
  if is(KEYS[index], "zset") then
    if tostring(index) == ARGV[3] then
      changed = changed + redis.call("ZADD", KEYS[index], "NX", ARGV[4], ARGV[1])
    else
      changed = changed + redis.call("ZREM", KEYS[index], ARGV[1])
    end
  end
end
if ARGV[5] == "1" and is(KEYS[2], "set") then
  changed = changed + redis.call("SADD", KEYS[2], ARGV[1])
end
return math.min(changed, 1)
