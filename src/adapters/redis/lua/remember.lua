-- remember.lua: add what a source says of a compose. Its first word stands; a different one is kept as a contradiction.
-- KEYS[1] compose hash
-- ARGV[1] how many words of facts follow   ARGV[2…] field, value, …   then field, value, … that are only filled in
-- Returns 1 when something was new, else 0.
local count = tonumber(ARGV[1])
if count == nil or count % 2 ~= 0 or (#ARGV - 1) % 2 ~= 0 then
  return redis.error_reply("remember.lua: the fields do not come in pairs")
end
if not is(KEYS[1], "hash") then return foreign(KEYS[1]) end
local new = 0
for index = 2, 1 + count, 2 do
  local field, value = ARGV[index], ARGV[index + 1]
  local said = redis.call("HGET", KEYS[1], field)
  if not said then
    redis.call("HSET", KEYS[1], field, value)
    new = 1
  elseif said ~= value then
    local words = field .. ' was "' .. said .. '", then "' .. value .. '"'
    new = math.max(new, redis.call("HSETNX", KEYS[1], "contradiction", words))
  end
end
for index = 2 + count, #ARGV, 2 do
  new = math.max(new, redis.call("HSETNX", KEYS[1], ARGV[index], ARGV[index + 1]))
end
redis.call("PERSIST", KEYS[1])
return new
