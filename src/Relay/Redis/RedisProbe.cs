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

    // Arguments: what must be allowed, each a command with its words. Answers with the first that is not, or with what bounds its memory
    // and whether it writes a log.
    internal const string Script = """
        redis.call('SET', KEYS[1], '1', 'PX', '60000')
        for _, line in ipairs(redis.acl_check_cmd and ARGV or {}) do
          local words = {}
          for word in string.gmatch(line, '%S+') do words[#words + 1] = word end
          local known, allowed = pcall(redis.acl_check_cmd, unpack(words))
          if not known or not allowed then return {words[1], words[2] or ''} end
        end
        local memory = redis.call('INFO', 'memory')
        return {
          string.match(memory, 'maxmemory:(%d+)') or '0',
          string.match(memory, 'maxmemory_policy:(%S+)') or '',
          string.match(redis.call('INFO', 'persistence'), 'aof_enabled:(%d)') or '',
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

    /// <summary>Commands whose rights are asked for.</summary>
    internal static IEnumerable<string> Commands =>
        s_rights.SelectMany(r => r.Commands).Concat(s_keyless).Select(line => line.Split(' ')[0]);

    /// <summary>What keeps Redis from holding what it is given, for people, or null; and whether all primaries write a log.</summary>
    /// <exception cref="Users.StoreUnavailableException">A primary does not answer, or refuses the write.</exception>
    public async Task<(string? Unfit, bool HasLog)> LookAsync(RedisStore store, ConnectionMultiplexer connection)
    {
        RedisValue[] lines = [.. s_rights.SelectMany(Lines), .. s_keyless, .. Channels(store.IsCluster)];
        var answers = await Task.WhenAll(_keys.For(connection).Select(key => store.EvalAsync(Script, [key], lines)));
        var hasLog = true;
        foreach (var answer in Array.ConvertAll(answers, a => (string[])a))
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
        }

        return (null, hasLog);
    }

    private static IEnumerable<RedisValue> Lines((string Key, string[] Commands) right) =>
        right.Commands.Select(line => (RedisValue)line.Replace("*", right.Key, StringComparison.Ordinal));

    private static IEnumerable<RedisValue> Channels(bool isCluster)
    {
        var (channel, kind) = (RelayLane.ChannelName(0, 0), isCluster ? "S" : "");
        return [$"{kind}PUBLISH {channel} v", $"{kind}SUBSCRIBE {channel}"];
    }
}
