-- claim.lua: take up to a batch of due images and lease them; asked again with the same token, the same ones.
-- KEYS[1] queue    sorted set of one region, member ami-id, score wakeAt (epoch s)   KEYS[2] events, where each act is told
-- ARGV[1] now (epoch s)   ARGV[2] end of the lease (epoch s)   ARGV[3] token   ARGV[4] most
-- ARGV[5] the region's key up to the ami-id: the hashes share the queue's hash tag, hence its slot   ARGV[6…] every stage
-- Returns {ami-id, {field, value, …}}…; an image whose record is missing, or cannot be read, is only put off: a missing one has
-- no fields, and one that is no hash says so in a third item.
if not is(KEYS[1], "zset") then return foreign(KEYS[1]) end
if not is(KEYS[2], "stream") then return foreign(KEYS[2]) end
local isStage = {}
for index = 6, #ARGV do isStage[ARGV[index]] = true end
local function isReadable(image)
  local stage, taken, snapshots = unpack(redis.call("HMGET", image, "stage", "taken_away", "snapshot_ids"))
  if not stage or not isStage[stage] or not isCounted(image) then return false end
  for _, text in ipairs({ taken or "", snapshots or "" }) do
    if text ~= "" and not pcall(cjson.decode, text) then return false end
  end
  local fields = redis.call("HGETALL", image)
  for index = 1, #fields, 2 do
    local isInstant = string.match(fields[index], "_at$")
    if isInstant and fields[index + 1] ~= "" and not string.match(fields[index + 1], "^%d%d%d%d%-%d%d%-%d%d[T ]") then
      return false
    end
  end
  return true
end
-- Where the answer was lost on its way and the same is asked again, what was taken then is not taken from anybody.
local due, taken = {}, {}
for _, ami in ipairs(redis.call("ZRANGEBYSCORE", KEYS[1], ARGV[2], ARGV[2], "LIMIT", 0, ARGV[4])) do
  if unlessForeign("HGET", ARGV[5] .. ami, "token") == ARGV[3] then due[#due + 1] = ami end
end
if #due == 0 then due = redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", ARGV[1], "LIMIT", 0, ARGV[4]) end
for _, ami in ipairs(due) do
  local image = ARGV[5] .. ami
  redis.call("ZADD", KEYS[1], ARGV[2], ami)
  local type = redis.call("TYPE", image).ok
  if type == "hash" then
    if isReadable(image) then
      redis.call("HSET", image, "token", ARGV[3])
      redis.call("HINCRBY", image, "revision", 1)
    end
    taken[#taken + 1] = { ami, redis.call("HGETALL", image) }
  else
    taken[#taken + 1] = { ami, {}, type }
  end
end
return taken
