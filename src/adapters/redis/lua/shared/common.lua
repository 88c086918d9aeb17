-- common.lua: stands before each of the other scripts. Each looks at the types of its keys before its first write, for an
-- error in between would leave half of a step. What only leads to a record, a set or a sorted set, is passed over where somebody
-- else's key stands in its place; the record is what counts, and `reconcile` puts it there again.
local function is(key, type)
  local found = redis.call("TYPE", key).ok
  return found == type or found == "none"
end
-- Ends a script that has written nothing yet.
local function foreign(key)
  return redis.error_reply("FOREIGNKEY " .. key)
end
-- Whether the writes of a record can be counted.
local function isCounted(key)
  local revision = redis.call("HGET", key, "revision")
  return not revision or string.match(revision, "^%d+$") ~= nil
end
-- The answer on a key; nil where somebody else's stands in its place.
local function unlessForeign(...)
  local answer = redis.pcall(...)
  if type(answer) ~= "table" or not answer.err then return answer end
  if not string.find(answer.err, "WRONGTYPE", 1, true) then redis.call(...) end
end
