-- enroll.lua: stands before the scripts that see a record with its compose. Lets an image be found by its name, compose and id:
-- its compose stands among the region's, at the second of its newest upload, its digits as a number: 20261124080000.
local function enrollAs(composes, compose, uploaded)
  local digits = string.sub(string.gsub(uploaded or "", "%D", ""), 1, 14)
  if #digits == 14 and compose then redis.call("ZADD", composes, "GT", digits, compose) end
end
-- The compose's own set has the key of the region's composes, but for their `s`, and its id.
local function enroll(image, composes, ami)
  local compose, uploaded = unpack(redis.call("HMGET", image, "compose_id", "uploaded_at"))
  if is(composes, "zset") then enrollAs(composes, compose, uploaded) end
  if compose then unlessForeign("SADD", string.sub(composes, 1, -2) .. ":" .. compose, ami) end
end
