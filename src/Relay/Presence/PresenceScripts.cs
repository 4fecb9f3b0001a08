namespace FastPush.Relay.Presence;

/// <summary>
/// Keys, in the user's slot: 1 <c>push:session:{user}</c>, 2 <c>push:presence:{user}</c>. A session id is <c>TOKEN/number</c>; those of
/// dead servers do not count and are removed on the way.
/// </summary>
internal static class PresenceScripts
{
    /// <summary>Arguments: tokens of the living, session id, seconds of a session, seconds of online.</summary>
    public const string Connect = """
        redis.call('SADD', KEYS[1], ARGV[2])
        redis.call('EXPIRE', KEYS[1], ARGV[3])
        redis.call('SET', KEYS[2], 'online', 'EX', ARGV[4])
        return 0
        """;

    /// <summary>Key: facts of a session. Arguments: server id, user, seconds of a session.</summary>
    public const string Describe = """
        redis.call('HSET', KEYS[1], 'serverId', ARGV[1], 'userId', ARGV[2])
        redis.call('EXPIRE', KEYS[1], ARGV[3])
        return 0
        """;

    /// <summary>Arguments: tokens of the living, session id, Unix ms, seconds of last seen.</summary>
    public const string Disconnect = Common + """
        redis.call('SREM', KEYS[1], ARGV[2])
        if count() == 0 then redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4]) end
        return 0
        """;

    /// <summary>Argument: tokens of the living. Returns how many sessions, and what stands in the presence.</summary>
    public const string Get = Common + """
        return {tostring(count()), redis.call('GET', KEYS[2]) or ''}
        """;

    /// <summary>
    /// Keys: presences, then as many sets of sessions in the same order; of one slot, or of any slots without Redis Cluster. Argument:
    /// seconds of online. Who has left since the keys were chosen stays away.
    /// </summary>
    public const string RefreshOnline = """
        local users = #KEYS / 2
        local presences = redis.call('MGET', unpack(KEYS, 1, users))
        for n = 1, users do
          if presences[n] == 'online' then
            redis.call('EXPIRE', KEYS[n], ARGV[1])
          elseif redis.call('EXISTS', KEYS[users + n]) == 1 then
            redis.call('SET', KEYS[n], 'online', 'EX', ARGV[1])
          end
        end
        return 0
        """;

    /// <summary>Keys: sets and hashes of sessions, of one slot or without Redis Cluster. Argument: seconds of a session.</summary>
    public const string RefreshSessions = """
        for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[1]) end
        return 0
        """;

    private const string Common = """
        local function count()
          local living = 0
          for _, session in ipairs(redis.call('SMEMBERS', KEYS[1])) do
            local token = string.match(session, '^([^/]+)/')
            if string.find(ARGV[1], ',' .. token .. ',', 1, true) then
              living = living + 1
            else
              redis.call('SREM', KEYS[1], session)
            end
          end
          return living
        end

        """;
}
