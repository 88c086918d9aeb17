-- enroll.lua: stands before the scripts that see a record with its compose. Lets an image be found by its name, compose and id:
-- its compose stands among the region's, at the second of its newest upload, its digits as a number: 20261124080000.
local function secondOf(uploaded)
  local digits = string.sub((string.gsub(uploaded or "", "%D", "")), 1, 14)
  return #digits == 14 and digits
end
-- The compose's own set has the key of the region's composes, but for their `s`, and its id.
local function enroll(image, composes, ami)
  local compose, uploaded = unpack(redis.call("HMGET", image, "compose_id", "uploaded_at"))
  local second = secondOf(uploaded)
  if second and compose and is(composes, "zset") then redis.call("ZADD", composes, "GT", second, compose) end
  if compose then unlessForeign("SADD", string.sub(composes, 1, -2) .. ":" .. compose, ami) end
end
