-- time.lua: the clock of the server that has a key.
-- KEYS[1] any key of it
-- Returns seconds and microseconds, as TIME does.
return redis.call("TIME")
