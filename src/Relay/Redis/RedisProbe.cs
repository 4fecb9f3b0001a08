using System.Globalization;
using FastPush.Relay.Links;
using StackExchange.Redis;

namespace FastPush.Relay.Redis;

/// <summary>
/// Asks whether Redis can keep what is promised: on each primary it writes, asks for the right to every command that the gateway gives,
/// and looks whether keys may be evicted. A Redis that answers and still cannot keep messages must not count as up.
/// </summary>
internal sealed class RedisProbe
{
    private const string NoEviction = "noeviction";

    // Keys: 1 written each time, 2 what the data knows of itself: which process had it, how often it was looked at, and since when it
    // cannot have gone back. Arguments: how often it was looked at to the knowledge of this node, then what must be allowed, each a
    // command with its words. Answers with the first that is not, or with what bounds its memory, whether it writes a log, how often it
    // was looked at, and since when it cannot have gone back.
    internal const string Script = """
        redis.call('SET', KEYS[1], '1', 'PX', '60000')
        for i = 2, redis.acl_check_cmd and #ARGV or 0 do
          local words = {}
          for word in string.gmatch(ARGV[i], '%S+') do words[#words + 1] = word end
          local known, allowed = pcall(redis.acl_check_cmd, unpack(words))
          if not known or not allowed then return {words[1], words[2] or ''} end
        end
        local memory = redis.call('INFO', 'memory')
        local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
        local known = redis.call('HMGET', KEYS[2], 'run', 'looks', 'since')
        local looks, since, seen = tonumber(known[2] or '0') + 1, known[3] or '0', tonumber(ARGV[1])
        if looks <= seen or (known[1] and known[1] ~= run) then
          local t = redis.call('TIME')
          since = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
          looks = math.max(looks, seen + 1)
        end
        redis.call('HSET', KEYS[2], 'run', run, 'looks', looks, 'since', since)
        return {
          string.match(memory, 'maxmemory:(%d+)') or '0',
          string.match(memory, 'maxmemory_policy:(%S+)') or '',
          string.match(redis.call('INFO', 'persistence'), 'aof_enabled:(%d)') or '',
          tostring(looks),
          since,
        }
        """;

    // By the kind of key; what stands for a user or a topic is neither's name.
    private static readonly (string Key, string[] Commands)[] s_rights =
    [
        ("push:queues:{/}", ["HDEL * f", "HGET * f", "HGETALL *", "HSET * f v", "PEXPIRE * 1"]),
        ("push:offline:{/}",
        [
            "LINDEX * 0", "LINSERT * AFTER v v", "LLEN *", "LPOS * v", "LPUSH * v", "LRANGE * 0 -1", "LREM * 1 v", "PEXPIRE * 1",
            "RPUSH * v",
        ]),
        ("push:offline-bytes:{/}", ["DECRBY * 1", "DEL *", "GET *", "INCRBY * 1", "PEXPIRE * 1", "SET * v"]),
        ("push:inflight:{/}", ["HDEL * f", "HEXISTS * f", "HGET * f", "HGETALL *", "HSET * f v", "PEXPIRE * 1"]),
        ("push:entries:{/}", ["HDEL * f", "HEXISTS * f", "HGET * f", "HMGET * f", "HSET * f v", "HSTRLEN * f", "PEXPIRE * 1"]),
        ("push:history:{/}",
        [
            "PEXPIRE * 1", "XADD * 1-1 f v", "XINFO STREAM *", "XRANGE * - +", "ZADD * 0 m", "ZCARD *", "ZRANGE * 0 -1",
            "ZRANGEBYLEX * - +", "ZREM * m", "ZSCORE * m",
        ]),
        ("push:history-entries:{/}", ["HDEL * f", "HEXISTS * f", "HGET * f", "HLEN *", "HSET * f v", "HSTRLEN * f", "PEXPIRE * 1"]),
        ("push:interest:{/}", ["HDEL * f", "HKEYS *", "HSET * f v", "PEXPIRE * 1"]),
        ("push:session:{/}", ["DEL *", "EXISTS *", "EXPIRE * 1", "HSET * f v", "SADD * m", "SMEMBERS *", "SREM * m"]),
        ("push:presence:{/}", ["EXPIRE * 1", "GET *", "MGET *", "SET * v"]),
        ("push:dedup:{/}", ["DEL *", "GET *", "SET * v"]),
        ("push:ratelimit:{/}", ["GET *", "SET * v"]),
        ("push:server:0", ["GET *", "SET * v"]),
        (RedisKeys.Servers, ["ZADD * 1 m", "ZRANGE * 0 -1", "ZREMRANGEBYSCORE * 1 2", "ZSCORE * m"]),
        (RedisKeys.Fleet, ["GET *", "SET * v"]),
        (RedisKeys.OfflineCount, ["INCRBY * 1"]),
    ];

    private static readonly string[] s_keyless = ["INFO", "TIME", "SCAN 0"];

    private readonly ProbeKeys _keys = new();

    // By key of a primary.
    private readonly Dictionary<string, long> _looks = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _since = new(StringComparer.Ordinal);

    /// <summary>Commands whose rights are asked for.</summary>
    internal static IEnumerable<string> Commands =>
        s_rights.SelectMany(r => r.Commands).Concat(s_keyless).Select(line => line.Split(' ')[0]);

    private long _toldUnsureMs = -1;

    /// <summary>
    /// What was stored before this time (Unix ms, Redis' clock) may have been settled since: a primary was restarted, replaced, or restored
    /// from a copy then, and may have lost what it was told last.
    /// </summary>
    public long UnsureUntilMs { get; private set; }

    /// <summary>That changed since this was asked last, so the data may have gone back with no outage in between.</summary>
    public bool HasGoneBack()
    {
        var told = _toldUnsureMs;
        _toldUnsureMs = UnsureUntilMs;
        return told >= 0 && told != UnsureUntilMs;
    }

    /// <summary>What keeps Redis from holding what it is given, for people, or null; and whether all primaries write a log.</summary>
    /// <exception cref="Users.StoreUnavailableException">A primary does not answer, or refuses the write.</exception>
    public async Task<(string? Unfit, bool HasLog)> LookAsync(RedisStore store, ConnectionMultiplexer connection, TimeProvider time)
    {
        RedisValue[] lines = [.. s_rights.SelectMany(Lines), .. s_keyless, .. Channels(store.IsCluster)];
        var keys = _keys.For(connection).Select(key => (string)key!).ToArray();
        var answers = await Task.WhenAll(keys.Select(key => store.EvalAsync(
            Script, [key, $"push:probe-line:{{{key}}}"], [_looks.GetValueOrDefault(key), .. lines])));
        var hasLog = true;
        foreach (var (key, answer) in keys.Zip(answers, (key, a) => (key, (string[])a)))
        {
            if (answer.Length == 2)
            {
                return ($"Redis' user has no right to {answer[0]} {answer[1]}", hasLog);
            }

            if (answer[0] != "0" && answer[1] != NoEviction)
            {
                return ($"Redis may evict messages: its maxmemory-policy is {answer[1]} and must be {NoEviction}", hasLog);
            }

            hasLog &= answer[2] == "1";
            _looks[key] = long.Parse(answer[3], CultureInfo.InvariantCulture);
            Note(key, long.Parse(answer[4], CultureInfo.InvariantCulture), time);
        }

        return (null, hasLog);
    }

    // A change that is seen happened until now: Redis' clock may have been set meanwhile.
    private void Note(string key, long sinceMs, TimeProvider time)
    {
        var isKnown = _since.TryGetValue(key, out var before);
        _since[key] = sinceMs;
        if (before != sinceMs)
        {
            var nowMs = isKnown ? time.GetUtcNow().ToUnixTimeMilliseconds() : sinceMs;
            UnsureUntilMs = Math.Max(UnsureUntilMs, Math.Max(sinceMs, nowMs));
        }
    }

    private static IEnumerable<RedisValue> Lines((string Key, string[] Commands) right) =>
        right.Commands.Select(line => (RedisValue)line.Replace("*", right.Key, StringComparison.Ordinal));

    private static IEnumerable<RedisValue> Channels(bool isCluster)
    {
        var (channel, kind) = (RelayLane.ChannelName(0, 0), isCluster ? "S" : "");
        return [$"{kind}PUBLISH {channel} v", $"{kind}SUBSCRIBE {channel}"];
    }
}
