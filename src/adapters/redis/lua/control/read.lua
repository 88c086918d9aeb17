-- read.lua: write down how far a reading of the archive has come, while the lease is ours and the reading stands as we left it:
-- whoever found that Redis' memory was set back has taken it away.
-- KEYS[1] lease   KEYS[2] reading   KEYS[3] what was heard
-- ARGV[1] token   ARGV[2] run id   ARGV[3] start   ARGV[4] end   ARGV[5] the slice that is next there; empty: it begins now
-- ARGV[6] the slice that is next now   ARGV[7…] field, value, …: it has ended, and this is remembered of it
-- Returns 1, 0 when the lease is not ours, -1 when the reading is not ours to go on with.
if #ARGV < 6 or #ARGV % 2 ~= 0 then
  return redis.error_reply("read.lua: the fields do not come in pairs")
end
for index = 2, 3 do
  if not is(KEYS[index], "hash") then return foreign(KEYS[index]) end
end
if not is(KEYS[1], "string") or redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[5] ~= "" then
  for index, field in ipairs({ "run_id", "start", "end", "next" }) do
    if redis.call("HGET", KEYS[2], field) ~= ARGV[index + 1] then return -1 end
  end
end
if #ARGV == 6 then
  redis.call("HSET", KEYS[2], "run_id", ARGV[2], "start", ARGV[3], "end", ARGV[4], "next", ARGV[6])
  return 1
end
for index = 7, #ARGV, 2 do redis.call("HSET", KEYS[3], ARGV[index], ARGV[index + 1]) end
redis.call("DEL", KEYS[2])
return 1
