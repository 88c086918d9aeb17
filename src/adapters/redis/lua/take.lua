-- take.lua: record what is about to be taken from an image. What stands there is never lost: the record only grows.
-- KEYS[1] image hash
-- ARGV[1] token of the claim   ARGV[2] what is taken, as JSON: {"image":…,"snapshots":[…]}
-- Returns what stands there now, or "" when the claim is lost.
if not is(KEYS[1], "hash") or not isCounted(KEYS[1]) then return foreign(KEYS[1]) end
if redis.call("HGET", KEYS[1], "token") ~= ARGV[1] then
  return ""
end
local taken = redis.call("HGET", KEYS[1], "taken_away")
if taken and taken ~= "" then
  local isJson, old = pcall(cjson.decode, taken)
  if not isJson or type(old) ~= "table" or type(old.snapshots) ~= "table" then return foreign(KEYS[1]) end
  local new, has = cjson.decode(ARGV[2]), {}
  for _, snapshot in ipairs(new.snapshots) do
    has[snapshot] = true
  end
  for _, snapshot in ipairs(old.snapshots) do
    if not has[snapshot] then
      return taken
    end
  end
  if old.image and not new.image then
    return taken
  end
end
redis.call("HSET", KEYS[1], "taken_away", ARGV[2])
redis.call("HINCRBY", KEYS[1], "revision", 1)
return ARGV[2]
