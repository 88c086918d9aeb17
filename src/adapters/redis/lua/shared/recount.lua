-- recount.lua: an epoch's name, which every record has: a number that Redis keeps in three bytes, made of the microsecond.
local function newEpoch()
  local time = redis.call("TIME")
  return string.format("%d", (time[1] * 1000000 + time[2]) % 8388593)
end
-- The counts' epoch, and the one in which a walk counts all anew, or false; without an epoch they begin anew.
local function epochsOf(counts)
  -- Version 0.1 wrote all of an instant.
  local function valid(text) return string.match(text or "", "^%d+%.?%d*$") or false end
  local epoch, coming = unpack(redis.call("HMGET", counts, "epoch", "next"))
  if valid(epoch) then return epoch, valid(coming) end
  redis.call("DEL", counts)
  epoch = newEpoch()
  redis.call("HSET", counts, "epoch", epoch)
  return epoch, false
end
-- As what an image is counted; what is deleted or gone is not.
local function wordsOf(stage, delete, why)
  local words = {}
  if stage ~= "deleted" and stage ~= "gone" then
    words[1] = "stage:" .. (string.match(stage or "", "^%l+$") or "?")
    if stage == "private" and (delete or "") == "" then words[2] = "untold" end
    words[#words + 1] = string.match("error:" .. (why or "") .. ": ", "^(error:[%l-]+): ")
  end
  return words
end
-- Counts words up or down, those of the coming epoch, if there is one, as well. A count that is no number has all begun anew: true.
local function countWords(counts, words, by, coming)
  for _, word in ipairs(words) do
    for _, field in ipairs({ word, coming and coming .. " " .. word or nil }) do
      local count = redis.pcall("HINCRBY", counts, field, by)
      if type(count) == "table" then
        redis.call("DEL", counts)
        return true
      end
      if count == 0 then redis.call("HDEL", counts, field) end
    end
  end
  return false
end
-- What a record's field `counted` says: the epoch, then as what, if not as public: `4711 private untold`.
local function countedAs(epoch, words)
  local text = string.gsub(table.concat(words, " "), "^stage:", "")
  return text == "public" and epoch or epoch .. " " .. text
end
-- The epoch of such a text, and the words. Version 0.1 wrote `stage:` before a stage.
local function countedIn(text)
  local mark, rest = string.match(text or "", "^(%S+) ?(.*)$")
  local words = {}
  for word in string.gmatch(rest == "" and "public" or rest or "", "%S+") do
    words[#words + 1] = #words == 0 and not string.find(word, "^stage:") and "stage:" .. word or word
  end
  return mark, words
end
-- Counts an image as its record has it now, and no more as it was counted before; of an unknown epoch nothing is taken back.
local function recount(image, counts)
  if not is(counts, "hash") then return end
  local epoch, coming = epochsOf(counts)
  local stage, why, delete, old = unpack(redis.call("HMGET", image, "stage", "last_error", "delete_at", "counted"))
  local words = wordsOf(stage, delete, why)
  local new = words[1] and countedAs(coming or epoch, words)
  if (old or nil) == new then return end
  local mark, before = countedIn(old or nil)
  if mark and (mark == epoch or mark == coming) then countWords(counts, before, -1, mark == coming and coming) end
  countWords(counts, words, 1, coming)
  redis.call(unpack(new and { "HSET", image, "counted", new } or { "HDEL", image, "counted" }))
end
