namespace FastPush.Relay.Users;

/// <summary>What the scripts have in common.</summary>
internal static partial class UserScripts
{
    private const string Common = """
        local function queue_of(entry)
          return string.sub(entry, 27, 26 + tonumber(string.sub(entry, 24, 26)))
        end
        local function attempted(entry)
          if string.sub(entry, 21, 23) ~= '000' then return entry end
          return string.sub(entry, 1, 20) .. '001' .. string.sub(entry, 24)
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
            if string.find(alive, ',' .. token .. ',', 1, true) then out = out .. token .. ',' end
          end
          return out
        end
        local function holders(queue, alive)
          local out, all = ',', redis.call('HGETALL', KEYS[1])
          for i = 1, #all, 2 do
            local server, name = string.match(all[i], '^(%d+):(.*)$')
            local token = server .. '.' .. all[i + 1]
            if name == queue and string.find(alive, ',' .. token .. ',', 1, true) then
              out = out .. token .. ','
            end
          end
          if out == ',' then return '' end
          return out
        end
        local function remember(entry, messages, age)
          if messages == '0' then return end
          redis.call('XADD', KEYS[4], 'MAXLEN', '~', messages, '*', 'e', entry)
          redis.call('PEXPIRE', KEYS[4], age)
        end
        local function was_stored(id)
          for _, item in ipairs(redis.call('XREVRANGE', KEYS[4], '+', '-')) do
            if string.sub(item[2][2], 1, 20) == id then return true end
          end
          return false
        end
        local function is_late(id)
          local newest = redis.call('XREVRANGE', KEYS[4], '+', '-', 'COUNT', '1')[1]
          return newest ~= nil and string.sub(newest[2][2], 1, 20) >= id
        end
        local function mark(id, attempts)
          for i, entry in ipairs(redis.call('LRANGE', KEYS[2], 0, -1)) do
            if string.sub(entry, 1, 20) == id then
              if attempts > string.sub(entry, 21, 23) then
                redis.call('LSET', KEYS[2], i - 1, string.sub(entry, 1, 20) .. attempts .. string.sub(entry, 24))
              end
              return true
            end
          end
          return false
        end
        local function put(entry)
          local id, tail = string.sub(entry, 1, 20), redis.call('LINDEX', KEYS[2], -1)
          if not tail or string.sub(tail, 1, 20) < id then
            redis.call('RPUSH', KEYS[2], entry)
          elseif id < string.sub(redis.call('LINDEX', KEYS[2], 0), 1, 20) then
            redis.call('LPUSH', KEYS[2], entry)
          else
            local list = redis.call('LRANGE', KEYS[2], 0, -1)
            for i = #list, 1, -1 do
              local other = string.sub(list[i], 1, 20)
              if other == id then return end
              if other < id then
                redis.call('LINSERT', KEYS[2], 'AFTER', list[i], entry)
                break
              end
            end
          end
          redis.call('INCRBY', KEYS[5], #entry)
        end
        local function trim(out, messages, bytes, ttl)
          local count = redis.call('LLEN', KEYS[2])
          local size = tonumber(redis.call('GET', KEYS[5]) or '0')
          while count > messages or (size > bytes and count > 1) do
            local entry = redis.call('LINDEX', KEYS[2], 0)
            count = count - 1
            size = size - #entry
            redis.call('SET', KEYS[5], size, 'PX', ttl)
            redis.call('LPOP', KEYS[2])
            out[#out + 1] = string.sub(entry, 1, 20)
          end
          redis.call('PEXPIRE', KEYS[2], ttl)
          redis.call('PEXPIRE', KEYS[5], ttl)
          return out
        end

        """;
}
