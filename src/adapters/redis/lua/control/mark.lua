-- mark.lua: write the mark of Redis' run, for this process alone: neither a replica nor the log on disk learns it.
-- KEYS[1] the mark   ARGV[1] its text
-- A Redis that only looks like one may not know how: there the mark is copied like anything else.
pcall(redis.set_repl, redis.REPL_NONE)
redis.call("SET", KEYS[1], ARGV[1])
return redis.status_reply("OK")
