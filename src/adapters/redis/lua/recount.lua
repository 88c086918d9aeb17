-- recount.lua: stands before the scripts that write what a record is counted by.
-- The epoch of the counts, and the one that a walk counts all records anew in, or false; counts without an epoch begin anew.
local function epochsOf(counts)
  local function valid(text) return string.match(text or "", "^%d+%.%d+$") ~= nil and text end
  local epochs = redis.call("HMGET", counts, "epoch", "next")
  if valid(epochs[1]) then return epochs[1], valid(epochs[2]) end
  redis.call("DEL", counts)
  redis.call("HSET", counts, "epoch", table.concat(redis.call("TIME"), "."))
  return redis.call("HGET", counts, "epoch"), false
end
-- Counts an image as its record has it now, and no more as what it was counted before; what is deleted or gone is not counted.
-- `counted` in the record: the epoch, and as what. Of another epoch nothing is taken back. Fields of `next` have its name before
-- them. Counts of another type are passed over; a count that is no number has all begun anew.
local function recount(image, counts)
  if not is(counts, "hash") then return end
  local epoch, coming = epochsOf(counts)
  local stage, why, delete, old = unpack(redis.call("HMGET", image, "stage", "last_error", "delete_at", "counted"))
  local words = {}
  if stage ~= "deleted" and stage ~= "gone" then
    words[1] = "stage:" .. (string.match(stage or "", "^%l+$") or "?")
    if stage == "private" and (delete or "") == "" then words[2] = "untold" end
    local code = string.match((why or "") .. ": ", "^([%l-]+): ")
    if code then words[#words + 1] = "error:" .. code end
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
