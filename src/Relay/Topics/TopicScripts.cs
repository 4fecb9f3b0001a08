namespace FastPush.Relay.Topics;

/// <summary>
/// Who listens to a topic and who publishes to it, in one hash: field <c>s:TOKEN</c> for a server with live subscribers, <c>p:TOKEN</c> for
/// one that has asked and has to be told of changes. Fields of the dead are removed on the way. Argument 1 is the own token, 2 the tokens
/// of the living, 3 the time to live (ms).
/// </summary>
internal static class TopicScripts
{
    /// <summary>Returns the tokens with subscribers.</summary>
    public const string Watch = Common + """
        redis.call('HSET', KEYS[1], 'p:' .. ARGV[1], '1')
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        return those('s:')
        """;

    /// <summary>Returns the tokens that publish.</summary>
    public const string Join = Common + """
        redis.call('HSET', KEYS[1], 's:' .. ARGV[1], '1')
        redis.call('PEXPIRE', KEYS[1], ARGV[3])
        return those('p:')
        """;

    /// <summary>Returns the tokens that publish.</summary>
    public const string Leave = Common + """
        redis.call('HDEL', KEYS[1], 's:' .. ARGV[1])
        return those('p:')
        """;

    /// <summary>Returns the tokens with subscribers. The key goes with its last field.</summary>
    public const string Forget = Common + """
        redis.call('HDEL', KEYS[1], 'p:' .. ARGV[1])
        return those('s:')
        """;

    /// <summary>
    /// Keys: streams. Arguments: age at most and time to live (ms), then for each stream what may be trimmed (before this time, Unix ms),
    /// whether its time to live was prolonged lately, the number of its messages and these. They are one item, so that a busy topic costs
    /// one command for many messages, and it is the only one: a stream that is not there, whatever its writer believes, is made and gets
    /// its time to live. A stream that cannot be written does not keep the others from being written; its error is the answer, else
    /// the time is.
    /// </summary>
    public const string Append = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local answer = now
        local at = 3
        for _, key in ipairs(KEYS) do
          local item = {}
          local last = at + 2 + tonumber(ARGV[at + 2])
          for i = at + 3, last do
            item[#item + 1] = 'e'
            item[#item + 1] = ARGV[i]
          end
          local least = string.format('%.0f', math.max(now - ARGV[1], tonumber(ARGV[at])))
          local added = false
          if ARGV[at + 1] == '1' then
            added = redis.pcall('XADD', key, 'NOMKSTREAM', 'MINID', '~', least, '*', unpack(item))
          end
          if not added then
            added = redis.pcall('XADD', key, 'MINID', '~', least, '*', unpack(item))
            if type(added) == 'string' then
              redis.call('PEXPIRE', key, ARGV[2])
            end
          end
          if type(added) == 'table' and added.err then
            answer = added
          end
          at = last + 1
        end
        return answer
        """;

    /// <summary>Argument: age at most (ms). Returns the items that are not older, as XRANGE does.</summary>
    public const string Read = """
        local time = redis.call('TIME')
        return redis.call('XRANGE', KEYS[1], string.format('%.0f', time[1] * 1000 - ARGV[1]), '+')
        """;

    /// <summary>
    /// Returns the time, that of the oldest item (ms), and 1 if older ones were trimmed or that is not known. What expired with its stream
    /// was older than the age of a history.
    /// </summary>
    public const string Known = """
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', '1')[1]
        if not first then return {now, now, 0} end
        local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
        local added, length
        for i = 1, #info - 1, 2 do
          if info[i] == 'entries-added' then added = info[i + 1] end
          if info[i] == 'length' then length = info[i + 1] end
        end
        return {now, tonumber(string.match(first[1], '^%d+')), (added and added == length) and 0 or 1}
        """;

    private const string Common = """
        local function those(prefix)
          local out = ''
          for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
            local token = string.sub(field, 3)
            if not string.find(ARGV[2], ',' .. token .. ',', 1, true) then
              redis.call('HDEL', KEYS[1], field)
            elseif string.sub(field, 1, 2) == prefix then
              out = out .. token .. ','
            end
          end
          return out
        end

        """;
}
