-- add.lua: remember an image at its first hearing; a known image stays as it is, but for a name or arch it lacked.
-- KEYS[1] image hash   KEYS[2] the queue to wait in   KEYS[3] the compose's set   KEYS[4] events
-- KEYS[5] the composes of its stream, a sorted set by their order   KEYS[6] the region's images   KEYS[7] their counts   KEYS[8] and names
-- ARGV[1] ami-id   ARGV[2] score (epoch s), or "" to wait nowhere   ARGV[3] compose id
-- ARGV[4] the compose's order in its stream, or ""   ARGV[5] how many words of fields follow
-- ARGV[6…] field, value, …   then field, value, … of the event
-- What leads to a known image, the compose's set and the region's images, is made whole again.
-- Returns an empty list when the image was new, else {field, value, …} of the known one.
local count = tonumber(ARGV[5])
if count == nil or count % 2 ~= 0 or #ARGV < 5 + count + 2 then
  return redis.error_reply("add.lua: the fields do not come in pairs")
end
if not is(KEYS[1], "hash") then return foreign(KEYS[1]) end
if not is(KEYS[4], "stream") then return foreign(KEYS[4]) end
local function lead(key)
  if is(key, "set") then redis.call("SADD", key, ARGV[1]) end
end
if ARGV[4] ~= "" and is(KEYS[5], "zset") then redis.call("ZADD", KEYS[5], ARGV[4], ARGV[3]) end
if redis.call("EXISTS", KEYS[1]) == 1 then
  for index = 6, 5 + count, 2 do
    local field, value = ARGV[index], ARGV[index + 1]
    if (field == "image_name" or field == "arch") and redis.call("HGET", KEYS[1], field) == "" then
      redis.call("HSET", KEYS[1], field, value)
    end
  end
  enroll(KEYS[1], KEYS[8], ARGV[1])
  local compose, stage = unpack(redis.call("HMGET", KEYS[1], "compose_id", "stage"))
  if compose == ARGV[3] then lead(KEYS[3]) end
  if stage ~= "deleted" and stage ~= "gone" then lead(KEYS[6]) end
  return redis.call("HGETALL", KEYS[1])
end
redis.call("HSET", KEYS[1], "revision", 1, unpack(ARGV, 6, 5 + count))
recount(KEYS[1], KEYS[7])
enroll(KEYS[1], KEYS[8], ARGV[1])
if ARGV[2] ~= "" and is(KEYS[2], "zset") then redis.call("ZADD", KEYS[2], ARGV[2], ARGV[1]) end
lead(KEYS[3])
lead(KEYS[6])
redis.call("XADD", KEYS[4], "*", unpack(ARGV, 6 + count))
return {}
