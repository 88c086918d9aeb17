-- hold.lua: write a hold on a compose, or its end. Of a compose of which nothing else is known it expires.
-- KEYS[1] compose hash   ARGV[1] life (s) of a hold on what nobody knows   ARGV[2…] field, value, …
if not tonumber(ARGV[1]) or #ARGV % 2 ~= 1 then
  return redis.error_reply("hold.lua: the fields do not come in pairs")
end
if not is(KEYS[1], "hash") then return foreign(KEYS[1]) end
redis.call("HSET", KEYS[1], unpack(ARGV, 2))
for _, field in ipairs(redis.call("HKEYS", KEYS[1])) do
  if string.sub(field, 1, 5) ~= "hold_" then
    redis.call("PERSIST", KEYS[1])
    return 1
  end
end
redis.call("EXPIRE", KEYS[1], ARGV[1])
return 1
