-- Whether somebody may come in: ended session? then the generic cell rate algorithm, by the clock of Redis, in microseconds.
-- KEYS: the session's note, what counts of the pace. ARGV: how long one call counts, how long a burst does.
-- Answers -1 if the session is over, 0 if they may come, else in how many microseconds.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return -1
end
local each, whole = tonumber(ARGV[1]), tonumber(ARGV[2])
if each == 0 then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local counts = tonumber(redis.call('GET', KEYS[2]) or '0')
if counts < now then
  counts = now
end
local after = counts + each
if after - now > whole then
  return after - now - whole
end
redis.call('SET', KEYS[2], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return 0
