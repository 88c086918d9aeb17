-- add.lua: remember images of a region at their first hearing; a known image stays as it is, but for a name or arch it lacked.
-- KEYS[1] events   KEYS[2] the region's images   KEYS[3] their counts   KEYS[4] and composes
-- ARGV[1] a list, as JSON, for that is read faster than so many arguments: [1] what stands before an ami-id in its hash's key
-- [2] before a compose id in that of its set   [3] how many images   [4] how many words the row of each has   [5] how many of
-- these differ from image to image   [6…] the first row, then the places that differ, then each image's words for them
-- A row: ami-id; compose id; the key of its stream's composes, a sorted set by their order; the compose's order, or ""; the key of
-- the queue to wait in; the score (epoch s), or "" to wait nowhere; how many words of fields follow; field, value, …; then field,
-- value, … of the event
-- What leads to a known image, the compose's set and the region's images, is made whole again. One that comes twice is known then.
-- Returns for each image an empty list when it was new, {field, value, …} of a known one, and {key} when the record is not ours.
local given = cjson.decode(ARGV[1])
local images, width, differing = given[3], given[4], given[5]
local row = { unpack(given, 6, 5 + width) }
local places = { unpack(given, 6 + width, 5 + width + differing) }
local last = 7 + (row[7] or 1)
if last % 2 == 0 or last >= width or (width - last) % 2 ~= 0 or #given ~= 5 + width + differing * (images + 1) then
  return redis.error_reply("add.lua: the fields do not come in pairs")
end
if not is(KEYS[1], "stream") then return foreign(KEYS[1]) end
local isNamed, epoch, coming = is(KEYS[4], "zset"), false, false
if is(KEYS[3], "hash") then epoch, coming = epochsOf(KEYS[3]) end

local function lead(set, ami, compose, its, stage)
  if its == compose then unlessForeign("SADD", set, ami) end
  if stage ~= "deleted" and stage ~= "gone" then unlessForeign("SADD", KEYS[2], ami) end
end
local function known(key, ami, compose, fields)
  for _, field in ipairs({ "image_name", "arch" }) do
    if fields[field] and (redis.call("HGET", key, field) or "") == "" then redis.call("HSET", key, field, fields[field]) end
  end
  enroll(key, KEYS[4], ami)
  lead(given[2] .. compose, ami, compose, unpack(redis.call("HMGET", key, "compose_id", "stage")))
  return redis.call("HGETALL", key)
end
local function new(key, ami, compose, fields)
  local words = epoch and wordsOf(fields.stage, fields.delete_at, fields.last_error) or {}
  local counted = words[1] and { "counted", countedAs(coming or epoch, words) } or {}
  redis.call("HSET", key, "revision", 1, unpack(row, 8, last))
  if counted[1] then
    redis.call("HSET", key, unpack(counted))
    countWords(KEYS[3], words, 1, coming)
  end
  if isNamed then enrollAs(KEYS[4], fields.compose_id, fields.uploaded_at) end
  if row[6] ~= "" then unlessForeign("ZADD", row[5], row[6], ami) end
  lead(given[2] .. compose, ami, compose, compose, fields.stage)
  redis.call("XADD", KEYS[1], "*", unpack(row, last + 1, width))
  return {}
end

local answers, at = {}, 5 + width + differing
for image = 1, images do
  for index = 1, differing do
    row[places[index]] = given[at + index]
  end
  at = at + differing
  local ami, compose, fields = row[1], row[2], {}
  for index = 8, last, 2 do
    fields[row[index]] = row[index + 1]
  end
  local key = given[1] .. ami
  local type = redis.call("TYPE", key).ok
  if type ~= "none" and type ~= "hash" then
    answers[image] = { key }
  else
    if row[4] ~= "" then unlessForeign("ZADD", row[3], row[4], compose) end
    answers[image] = (type == "none" and new or known)(key, ami, compose, fields)
  end
end
return answers
