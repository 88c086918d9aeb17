-- search.lua: of a stretch of a region's composes, the newest first, the images in whose name, compose or id a text stands.
-- KEYS[1] the region's composes   ARGV[1] the text, in small letters   ARGV[2] how many newer composes are left out
-- ARGV[3] how many composes and images are looked at, about   ARGV[4] how many to find at the most
-- ARGV[5] the region's key up to a compose id   ARGV[6] the same up to an ami-id: all of them share the hash tag
-- Returns how many composes were looked at, "1" when they were the last, the score of the last of them (0 without one), then
-- {ami-id, name, compose, upload}….
local from, most, wanted = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not from or not most or not wanted then return redis.error_reply("search.lua: a number is none") end
if not is(KEYS[1], "zset") then return foreign(KEYS[1]) end
local found, looked, seen, last, isEnd = {}, 0, 0, "0", "0"
local function look(compose)
  local set = ARGV[5] .. compose
  local size = redis.pcall("SCARD", set)
  if type(size) ~= "number" then return end
  -- One that is larger than any that Fedora makes would keep everybody waiting: of it only a part is looked at.
  local amis = size <= most and redis.call("SMEMBERS", set) or redis.call("SSCAN", set, 0, "COUNT", most)[2]
  for _, ami in ipairs(amis) do
    seen = seen + 1
    local record = redis.pcall("HMGET", ARGV[6] .. ami, "image_name", "compose_id", "uploaded_at")
    local name = record[1] or ""
    local isThere = not record.err and record[2] == compose and #found < wanted
    if isThere and string.find(string.lower(name .. " " .. compose .. " " .. ami), ARGV[1], 1, true) then
      found[#found + 1] = { ami, name, compose, record[3] or "" }
    end
  end
end
while looked < most and seen < most and #found < wanted and isEnd == "0" do
  local page = redis.call("ZREVRANGE", KEYS[1], from + looked, from + looked + 99, "WITHSCORES")
  if #page < 200 then isEnd = "1" end
  for index = 1, #page, 2 do
    if looked >= most or seen >= most or #found >= wanted then
      isEnd = "0"
      break
    end
    look(page[index])
    looked, last = looked + 1, page[index + 1]
  end
end
return { looked, isEnd, last, unpack(found) }
