-- recount.lua: the counts' epoch, and the one in which a walk counts all anew, or false; without an epoch they begin anew.
local function epochsOf(counts)
  local function valid(text) return string.match(text or "", "^%d+%.%d+$") or false end
  local epoch, coming = unpack(redis.call("HMGET", counts, "epoch", "next"))
  if valid(epoch) then return epoch, valid(coming) end
  redis.call("DEL", counts)
  epoch = table.concat(redis.call("TIME"), ".")
  redis.call("HSET", counts, "epoch", epoch)
  return epoch, false
end
-- Counts an image as its record has it now, and no more as it was counted before; what is deleted or gone is not counted. Its field
-- `counted` has the epoch, and as what; of an unknown epoch nothing is taken back. A count that is no number has all begun anew.
local function recount(image, counts)
  if not is(counts, "hash") then return end
  local epoch, coming = epochsOf(counts)
  local stage, why, delete, old = unpack(redis.call("HMGET", image, "stage", "last_error", "delete_at", "counted"))
  local words = {}
  if stage ~= "deleted" and stage ~= "gone" then
    words[1] = "stage:" .. (string.match(stage or "", "^%l+$") or "?")
    if stage == "private" and (delete or "") == "" then words[2] = "untold" end
    words[#words + 1] = string.match("error:" .. (why or "") .. ": ", "^(error:[%l-]+): ")
  end
  local new = words[1] and (coming or epoch) .. " " .. table.concat(words, " ")
  if (old or nil) == new then return end
  local function add(text, by)
    local mark, rest = string.match(text or "", "^(%S+) (.*)$")
    if mark ~= epoch and mark ~= coming then return end
    for word in string.gmatch(rest, "%S+") do
      for _, field in ipairs({ word, mark == coming and coming .. " " .. word or nil }) do
        local count = redis.pcall("HINCRBY", counts, field, by)
        if type(count) == "table" then return redis.call("DEL", counts) end
        if count == 0 then redis.call("HDEL", counts, field) end
      end
    end
  end
  add(old, -1)
  add(new, 1)
  redis.call(unpack(new and { "HSET", image, "counted", new } or { "HDEL", image, "counted" }))
end
