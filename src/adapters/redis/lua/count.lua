-- count.lua: count images of a region as their records have them; what is deleted or gone stands no more among its images. Each
-- is found by its compose again.
-- KEYS[1] counts   KEYS[2] the region's images   KEYS[3] their composes   KEYS[4…] image hashes   ARGV[1…] their ami-ids
-- Returns how many there were.
local isList, found = is(KEYS[2], "set"), 0
for index = 4, #KEYS do
  if redis.call("TYPE", KEYS[index]).ok == "hash" then
    recount(KEYS[index], KEYS[1])
    enroll(KEYS[index], KEYS[3], ARGV[index - 3])
    local stage = redis.call("HGET", KEYS[index], "stage")
    if isList and (stage == "deleted" or stage == "gone") then redis.call("SREM", KEYS[2], ARGV[index - 3]) end
    found = found + 1
  end
end
return found
