-- order.lua: queue an order, once: where the answer was lost on its way, it is asked again.
-- KEYS[1] the orders   KEYS[2] what became of this one   ARGV[1] life of that (s)   ARGV[2…] field, value, …
-- Returns the order's id.
if not tonumber(ARGV[1]) or #ARGV % 2 ~= 1 then
  return redis.error_reply("order.lua: the fields do not come in pairs")
end
if not is(KEYS[1], "stream") then return foreign(KEYS[1]) end
if not is(KEYS[2], "string") then return foreign(KEYS[2]) end
local id = redis.call("GET", KEYS[2])
if id then return id end
id = redis.call("XADD", KEYS[1], "*", unpack(ARGV, 2))
redis.call("SET", KEYS[2], id, "EX", ARGV[1])
return id
