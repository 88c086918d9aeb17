-- enroll.lua: stands before the scripts that see a record with its name. Lets an image be found by its name, compose and id; the
-- score is the second of its upload, its digits as a number: 20261124080000. What it was called before is swept up later.
local function memberOf(ami, name, compose, uploaded)
  local digits = string.sub((string.gsub(uploaded or "", "%D", "")), 1, 14)
  if #digits == 14 and compose then return digits, (name or "") .. " " .. compose .. " " .. ami end
end
local function enroll(image, names, ami)
  local name, compose, uploaded = unpack(redis.call("HMGET", image, "image_name", "compose_id", "uploaded_at"))
  local score, member = memberOf(ami, name, compose, uploaded)
  if score and is(names, "zset") then redis.call("ZADD", names, score, member) end
end
