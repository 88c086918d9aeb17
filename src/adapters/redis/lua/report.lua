-- report.lua: write what the reporter has come to, if its lease is still ours.
-- KEYS[1] lease   KEYS[2] post under way   KEYS[3] cursors   KEYS[4] memory
-- ARGV[1] token   ARGV[2] the post as JSON, "" forgets it, "=" leaves it
-- ARGV[3] how many words of cursors follow   ARGV[4…] region, stream id, …   then field, value, … of the memory
-- Returns 1, or 0 when the lease is not ours and nothing was written.
local count = tonumber(ARGV[3])
local rest = #ARGV - 3 - (count or 0)
if count == nil or count % 2 ~= 0 or rest < 0 or rest % 2 ~= 0 then
  return redis.error_reply("report.lua: the fields do not come in pairs")
end
if not is(KEYS[1], "string") or redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return 0
end
if ARGV[2] ~= "=" and not is(KEYS[2], "string") then return foreign(KEYS[2]) end
for index = 3, 4 do
  if not is(KEYS[index], "hash") then return foreign(KEYS[index]) end
end
if ARGV[2] == "" then
  redis.call("DEL", KEYS[2])
elseif ARGV[2] ~= "=" then
  redis.call("SET", KEYS[2], ARGV[2])
end
if count > 0 then
  redis.call("HSET", KEYS[3], unpack(ARGV, 4, 3 + count))
end
if rest > 0 then
  redis.call("HSET", KEYS[4], unpack(ARGV, 4 + count))
end
return 1
