-- settle.lua: give an image its new standing and tell it in the stream, in one step.
-- KEYS[1] image hash   KEYS[2] events   KEYS[3] the region's images   KEYS[4] their counts   KEYS[5…] the queues of the region
-- ARGV[1] ami-id   ARGV[2] the field that guards, "token" or "revision"   ARGV[3] the value it must have
-- ARGV[4] "1": write whatever the guard says, for what cannot be undone; once, if the stage is not there yet
-- ARGV[5] index in KEYS of the queue to wait in, "0" for none   ARGV[6] score (epoch s, or +inf)
-- ARGV[7] token from now on, "" ends the claim   ARGV[8] life of the record (s), "0" for ever
-- ARGV[9] how many words of fields follow   ARGV[10…] "stage", stage, field, value, …, of which those without a value go   then
-- those of an event, or nothing
-- Returns 1, or 0 when the guard said no and nothing was written.
local count = tonumber(ARGV[9])
local rest = #ARGV - 9 - (count or 0)
if count == nil or count % 2 ~= 0 or rest < 0 or rest % 2 ~= 0 then
  return redis.error_reply("settle.lua: the fields do not come in pairs")
end
if ARGV[5] ~= "0" and ARGV[6] ~= "+inf" and not string.match(ARGV[6], "^%-?%d+$") then
  return redis.error_reply("settle.lua: the score is no number")
end
if not is(KEYS[1], "hash") or not isCounted(KEYS[1]) then return foreign(KEYS[1]) end
if rest > 0 and not is(KEYS[2], "stream") then return foreign(KEYS[2]) end
local value, stage, why = unpack(redis.call("HMGET", KEYS[1], ARGV[2], "stage", "last_error"))
if not value or (value ~= ARGV[3] and (ARGV[4] ~= "1" or stage == ARGV[11])) then
  return 0
end
for index = 5, #KEYS do
  if is(KEYS[index], "zset") then redis.call("ZREM", KEYS[index], ARGV[1]) end
end
if ARGV[5] ~= "0" and is(KEYS[tonumber(ARGV[5])], "zset") then
  redis.call("ZADD", KEYS[tonumber(ARGV[5])], ARGV[6], ARGV[1])
end
local given, gone = {}, { "HDEL", KEYS[1] }
for index = 10, 9 + count, 2 do
  local field, text = ARGV[index], ARGV[index + 1]
  if text == "" then
    gone[#gone + 1] = field
  else
    given[#given + 1], given[#given + 2] = field, text
  end
end
redis.call("HSET", KEYS[1], "token", ARGV[7], unpack(given))
if #gone > 2 then redis.call(unpack(gone)) end
-- A hash that ever had a text longer than 64 bytes takes three times the memory, until it is written anew.
if ARGV[8] ~= "0" or #(why or "") > 64 then
  local fields = redis.call("HGETALL", KEYS[1])
  redis.call("DEL", KEYS[1])
  redis.call("HSET", KEYS[1], unpack(fields))
end
redis.call("HINCRBY", KEYS[1], "revision", 1)
recount(KEYS[1], KEYS[4])
if is(KEYS[3], "set") then redis.call(ARGV[8] == "0" and "SADD" or "SREM", KEYS[3], ARGV[1]) end
redis.call(unpack(ARGV[8] == "0" and { "PERSIST", KEYS[1] } or { "EXPIRE", KEYS[1], ARGV[8] }))
if rest > 0 then
  redis.call("XADD", KEYS[2], "*", unpack(ARGV, 10 + count))
end
return 1
