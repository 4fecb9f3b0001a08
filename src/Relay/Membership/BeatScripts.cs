namespace FastPush.Relay.Membership;

/// <summary>
/// What is done to <c>push:servers</c>, a sorted set of tokens by the time of their last heart-beat, in ms of that Redis' clock; minus that
/// time for those who left.
/// </summary>
internal static class BeatScripts
{
    /// <summary>
    /// Arguments: own token, after how many ms the gone are forgotten. Returns Redis' clock, the own last heart-beat before this one (empty
    /// if none is known), then each token and its time.
    /// </summary>
    public const string Beat = """
        local t = redis.call('TIME')
        local now = t[1] * 1000 + math.floor(t[2] / 1000)
        local before = redis.call('ZSCORE', KEYS[1], ARGV[1])
        redis.call('ZADD', KEYS[1], now, ARGV[1])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], ARGV[2] - now, now - ARGV[2])
        local out = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
        table.insert(out, 1, before or '')
        table.insert(out, 1, string.format('%.0f', now))
        return out
        """;

    /// <summary>Argument: own token.</summary>
    public const string Leave = """
        local t = redis.call('TIME')
        return redis.call('ZADD', KEYS[1], -(t[1] * 1000 + math.floor(t[2] / 1000)), ARGV[1])
        """;
}
