-- claim.lua: take up to a batch of due images and lease them.
-- KEYS[1] queue    sorted set of one region, member ami-id, score wakeAt (epoch s)
-- ARGV[1] now (epoch s)   ARGV[2] end of the lease (epoch s)   ARGV[3] token   ARGV[4] most
-- ARGV[5] the region's key up to the ami-id: the hashes share the queue's hash tag, hence its slot
-- Returns {ami-id, {field, value, …}}…; an image without a record has no fields, and is only put off.
local due = redis.call("ZRANGEBYSCORE", KEYS[1], "-inf", ARGV[1], "LIMIT", 0, ARGV[4])
local taken = {}
for _, ami in ipairs(due) do
  local image = ARGV[5] .. ami
  redis.call("ZADD", KEYS[1], ARGV[2], ami)
  if redis.call("EXISTS", image) == 1 then
    redis.call("HSET", image, "token", ARGV[3])
    redis.call("HINCRBY", image, "revision", 1)
  end
  taken[#taken + 1] = { ami, redis.call("HGETALL", image) }
end
return taken
