using FastPush.Protocol.Ids;
using FastPush.Relay.Redis;
using StackExchange.Redis;

namespace FastPush.Relay.Topics;

/// <summary>
/// How far back what Redis keeps of a destination has no hole, for a client that resumes after a message that is not in it: of another
/// destination, or long gone.
/// </summary>
internal sealed class HistoryReach
{
    // Clocks of servers and of Redis may differ by so much.
    private const int SkewMs = 1_000;

    // An id that is ahead of Redis' clock by more is nobody's.
    private const int FutureMs = 10_000;

    private readonly IScriptStore _store;
    private readonly TimeProvider _time;
    private readonly int _ageMs;
    private long _sinceMs;

    /// <summary>From now on it is known what Redis was given, until it is away.</summary>
    public HistoryReach(IScriptStore store, TimeProvider time, int ageSeconds)
    {
        _store = store;
        _time = time;
        _ageMs = ageSeconds * 1000;
        Restart();
        store.Up += Restart;
    }

    /// <summary>Nothing that was written after this message is missing in the stream with this key.</summary>
    /// <exception cref="Users.StoreUnavailableException">The store did not answer in time.</exception>
    public async Task<bool> CoversAsync(RedisKey stream, long afterId)
    {
        if (!IsYoung(afterId))
        {
            return false;
        }

        var known = (long[])(await _store.EvalAsync(TopicScripts.Known, [stream], []))!;
        var (nowMs, firstMs, isTrimmed) = (known[0], known[1], known[2] != 0);
        return Snowflake.UnixMs(afterId) >= Math.Max(nowMs - _ageMs, isTrimmed ? firstMs : 0) + SkewMs;
    }

    /// <summary>What was written after this message is not so old that it went by its age, nor lost by Redis as far as is known.</summary>
    public bool IsYoung(long afterId)
    {
        var nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var afterMs = Snowflake.UnixMs(afterId);
        return afterMs >= Math.Max(nowMs - _ageMs, Volatile.Read(ref _sinceMs)) + SkewMs && afterMs <= nowMs + FutureMs;
    }

    private void Restart() => Volatile.Write(ref _sinceMs, _time.GetUtcNow().ToUnixTimeMilliseconds());
}
