-- gather.lua: stands before a script of many records. What only leads to them, and their counts, are written behind them all: one
-- command a key.
local commands, ofKey, counted = {}, {}, {}
local function later(command, key, word, next, flag)
  local words = ofKey[key] or { command, key, flag }
  if not ofKey[key] then commands[#commands + 1] = words end
  -- Images of one compose follow each other.
  if words[#words] == (next or word) and (not next or words[#words - 1] == word) then return end
  ofKey[key], words[#words + 1], words[#words + 2] = words, word, next
end
local function countLater(words)
  for _, word in ipairs(words) do
    counted[word] = (counted[word] or 0) + 1
  end
end
-- Does the work, which may end half way: what was gathered by then is written all the same.
local function gathering(work, counts, coming)
  local isWhole, failure = pcall(work)
  for _, command in ipairs(commands) do
    unlessForeign(unpack(command))
  end
  for word, count in pairs(counted) do
    countWords(counts, { word }, count, coming)
  end
  if not isWhole then error(failure, 0) end
end
