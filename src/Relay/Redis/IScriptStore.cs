using FastPush.Relay.Users;
using StackExchange.Redis;

namespace FastPush.Relay.Redis;

/// <summary>
/// What the queues, the topics and the membership ask of Redis: each change is one script. The simulation puts a model of Redis behind it,
/// so that all code in front runs there as it is.
/// </summary>
public interface IScriptStore
{
    /// <summary>The last probe was answered, so writes are taken.</summary>
    bool IsUp { get; }

    /// <summary>A call that is not answered within so many milliseconds fails.</summary>
    int CallTimeoutMs { get; }

    /// <summary>Why it is not up; for people.</summary>
    string Reason { get; }

    /// <summary>Rises whenever Redis was away: what was written before may be lost.</summary>
    long Generation { get; }

    /// <summary>
    /// What was stored before this time (Unix ms, Redis' clock) may have been settled since: the data may have gone back in time then.
    /// <see cref="long.MaxValue"/> while that is not known.
    /// </summary>
    long UnsureUntilMs { get; }

    /// <summary>Redis is usable (again), or its data may have gone back in time. Called on a pool thread.</summary>
    event Action? Up;

    /// <summary>It is a Redis Cluster, so that keys of one script must share a slot.</summary>
    bool IsCluster { get; }

    /// <summary>The slot of a key.</summary>
    int SlotOf(RedisKey key);

    /// <summary>One script; calls of one process are done in the order in which they were made.</summary>
    /// <exception cref="StoreUnavailableException">It failed, or did not end in time: it may have been done or not.</exception>
    Task<RedisResult> EvalAsync(string script, RedisKey[] keys, RedisValue[] values);

    /// <summary>Adds to a counter, and returns it.</summary>
    /// <exception cref="StoreUnavailableException">As <see cref="EvalAsync"/>.</exception>
    Task<long> IncrementAsync(string key, long by);

    /// <summary>Keys that begin so, over all primaries; some that come or go meanwhile may be missing.</summary>
    /// <exception cref="StoreUnavailableException">A primary did not answer.</exception>
    IEnumerable<string> Keys(string prefix);
}
