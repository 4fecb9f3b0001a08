namespace FastPush.Relay.Users;

/// <summary>What the scripts have in common.</summary>
internal static partial class UserScripts
{
    private const string Common = """
        local function patched(entry, attempts)
          if string.sub(entry, 21, 23) == attempts then return entry end
          return string.sub(entry, 1, 20) .. attempts .. string.sub(entry, 24)
        end
        local function raise(id, attempts)
          if attempts > (redis.call('HGET', KEYS[4], 'a' .. id) or '000') then redis.call('HSET', KEYS[4], 'a' .. id, attempts) end
        end
        local function read(id)
          local entry = redis.call('HMGET', KEYS[4], id, 'a' .. id)
          return entry[1] and patched(entry[1], entry[2] or '000')
        end
        local function without(owners, token)
          if token == '*' then return ',' end
          local pattern = string.gsub(token, '%.', '%%.')
          if string.sub(token, -1) == '.' then pattern = pattern .. '[^,]*' end
          return (string.gsub(owners, ',' .. pattern .. ',', ','))
        end
        local function living(owners, alive)
          local out = ','
          for token in string.gmatch(owners, '[^,]+') do
            local server = string.match(token, '^P([^:]*)') or token
            if string.find(alive, ',' .. server .. ',', 1, true) then out = out .. token .. ',' end
          end
          return out
        end
        local function holders(alive)
          local out, all = ',', redis.call('HGETALL', KEYS[1])
          for i = 1, #all, 2 do
            local token = all[i] .. '.' .. all[i + 1]
            if string.find(alive, ',' .. token .. ',', 1, true) then out = out .. token .. ',' end
          end
          if out == ',' then return '' end
          return out
        end
        local function was_stored(id)
          return redis.call('ZSCORE', KEYS[6], id)
        end
        local function remember(id, entry, messages, age)
          if messages == '0' then return end
          redis.call('ZADD', KEYS[6], 0, id)
          redis.call('HSET', KEYS[7], id, entry)
          if redis.call('HLEN', KEYS[7]) > tonumber(messages) then
            redis.call('HDEL', KEYS[7], redis.call('ZRANGE', KEYS[6], -1 - messages, -1 - messages)[1])
          end
          if redis.call('ZCARD', KEYS[6]) > tonumber(messages) + 1000 then
            local oldest = redis.call('ZRANGE', KEYS[6], 0, 0)[1]
            redis.call('HDEL', KEYS[7], oldest)
            redis.call('ZREM', KEYS[6], oldest)
          end
          redis.call('PEXPIRE', KEYS[6], age)
          redis.call('PEXPIRE', KEYS[7], age)
        end
        local function keep(id, entry, attempts, ttl)
          redis.call('HSET', KEYS[4], id, entry, 'a' .. id, attempts)
          redis.call('PEXPIRE', KEYS[4], ttl)
        end
        local function own(id, owners, ttl)
          redis.call('HSET', KEYS[3], id, owners)
          redis.call('PEXPIRE', KEYS[3], ttl)
        end
        local function put(id)
          local tail = redis.call('LINDEX', KEYS[2], -1)
          if not tail or tail < id then
            redis.call('RPUSH', KEYS[2], id)
          elseif id < redis.call('LINDEX', KEYS[2], 0) then
            redis.call('LPUSH', KEYS[2], id)
          else
            local list = redis.call('LRANGE', KEYS[2], 0, -1)
            for i = #list, 1, -1 do
              if list[i] == id then return end
              if list[i] < id then
                redis.call('LINSERT', KEYS[2], 'AFTER', list[i], id)
                break
              end
            end
          end
          redis.call('INCRBY', KEYS[5], redis.call('HSTRLEN', KEYS[4], id))
        end
        local function trim(out, messages, bytes, ttl)
          local count = redis.call('LLEN', KEYS[2])
          local size = tonumber(redis.call('GET', KEYS[5]) or '0')
          while count > messages or (size > bytes and count > 1) do
            local id = redis.call('LINDEX', KEYS[2], 0)
            count = count - 1
            size = size - redis.call('HSTRLEN', KEYS[4], id)
            redis.call('SET', KEYS[5], size, 'PX', ttl)
            redis.call('LREM', KEYS[2], 1, id)
            redis.call('HDEL', KEYS[4], id, 'a' .. id)
            out[#out + 1] = id
          end
          redis.call('PEXPIRE', KEYS[2], ttl)
          redis.call('PEXPIRE', KEYS[4], ttl)
          redis.call('PEXPIRE', KEYS[5], ttl)
          return out
        end

        """;
}
