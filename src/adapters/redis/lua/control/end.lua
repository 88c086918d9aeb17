-- end.lua: end a lease that is still ours.
-- KEYS[1] lease   ARGV[1] token
-- Returns 1, or 0 when it is not ours.
if not is(KEYS[1], "string") or redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call("DEL", KEYS[1])
