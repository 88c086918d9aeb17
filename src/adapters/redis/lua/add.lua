-- add.lua: remember images of a region at their first hearing; a known image stays as it is, but for a name or arch it lacked.
-- KEYS[1] events   KEYS[2] the region's images   KEYS[3] their counts   KEYS[4] and composes
-- ARGV[1] a list, as JSON, for that is read faster than so many arguments: [1] what stands before an ami-id in its hash's key
-- [2] before a compose id in that of its set   [3] how many images   [4] how many words the row of each has   [5] how many of
-- these differ from image to image   [6…] the first row, then the places that differ, then each image's words for them
-- A row: ami-id; compose id; the key of its stream's composes, a sorted set by their order; the compose's order, or ""; the key of
-- the queue to wait in; the score (epoch s), or "" to wait nowhere; how many words of fields follow; field, value, …, the same
-- fields in each row; then field, value, … of the event
-- What leads to a known image, the compose's set and the region's images, is made whole again. One that comes twice is known then.
-- Returns for each image an empty list when it was new, {field, value, …} of a known one, and {key} when the record is not ours.
local given = cjson.decode(ARGV[1])
local images, width, differing = given[3], given[4], given[5]
local row, valueAt = { unpack(given, 6, 5 + width) }, {}
local last, at = 7 + (row[7] or 1), 5 + width + differing
if last % 2 == 0 or last >= width or (width - last) % 2 ~= 0 or #given ~= at + differing * images then
  return redis.error_reply("add.lua: the fields do not come in pairs")
end
if not is(KEYS[1], "stream") then return foreign(KEYS[1]) end
local isNamed, epoch, coming = is(KEYS[4], "zset"), false, false
if is(KEYS[3], "hash") then epoch, coming = epochsOf(KEYS[3]) end
for index = 8, last, 2 do
  valueAt[row[index]] = index + 1
end
local function lead(ami, its, uploaded, stage)
  local second = secondOf(uploaded)
  if second and its and isNamed then later("ZADD", KEYS[4], second, its, "GT") end
  if its then later("SADD", given[2] .. its, ami) end
  if stage ~= "deleted" and stage ~= "gone" then later("SADD", KEYS[2], ami) end
end
local function known(key, ami, record)
  local its = {}
  for index = 1, #record, 2 do
    its[record[index]] = record[index + 1]
  end
  for _, field in ipairs({ "image_name", "arch" }) do
    local new = row[valueAt[field]]
    if new and (its[field] or "") == "" then
      redis.call("HSET", key, field, new)
      record[#record + 1], record[#record + 2] = field, new
    end
  end
  lead(ami, its.compose_id, its.uploaded_at, its.stage)
  return record
end
local function new(key, ami, compose)
  local stage = row[valueAt.stage]
  local words = epoch and wordsOf(stage, row[valueAt.delete_at], row[valueAt.last_error]) or {}
  local mark = words[1] and { "counted", countedAs(coming or epoch, words) } or { "revision", 1 }
  redis.call("HSET", key, "revision", 1, mark[1], mark[2], unpack(row, 8, last))
  countLater(words)
  if row[6] ~= "" then later("ZADD", row[5], row[6], ami) end
  lead(ami, compose, row[valueAt.uploaded_at], stage)
  redis.call("XADD", KEYS[1], "*", unpack(row, last + 1, width))
  return {}
end
local answers = {}
gathering(function()
  for image = 1, images do
    for index = 1, differing do
      row[given[5 + width + index]] = given[at + index]
    end
    at = at + differing
    local ami, compose, key = row[1], row[2], given[1] .. row[1]
    local record = unlessForeign("HGETALL", key)
    if record and row[4] ~= "" then later("ZADD", row[3], row[4], compose) end
    answers[image] = not record and { key } or #record == 0 and new(key, ami, compose) or known(key, ami, record)
  end
end, KEYS[3], coming)
return answers
