using System.Collections.Concurrent;
using FastPush.Relay.Redis;
using FastPush.Relay.Users;
using StackExchange.Redis;

namespace FastPush.Relay.Tests.Topics;

/// <summary>A store whose calls are counted, and fail when a test wants it.</summary>
internal sealed class StoreSpy(IScriptStore inner) : IScriptStore
{
    private int _calls;

    public event Action? Up
    {
        add => inner.Up += value;
        remove => inner.Up -= value;
    }

    public bool Fails { get; set; }

    public bool IsCluster { get; set; }

    /// <summary>The keys of all calls, in order.</summary>
    public ConcurrentQueue<string> Written { get; } = new();

    public int Calls => Volatile.Read(ref _calls);

    public bool IsUp => inner.IsUp;

    public int CallTimeoutMs => inner.CallTimeoutMs;

    public string Reason => inner.Reason;

    public long Generation => inner.Generation;

    public long UnsureUntilMs => inner.UnsureUntilMs;

    /// <summary>Three slots.</summary>
    public int SlotOf(RedisKey key) => inner.SlotOf(key) % 3;

    public async Task<RedisResult> EvalAsync(string script, RedisKey[] keys, RedisValue[] values)
    {
        Interlocked.Increment(ref _calls);
        Array.ForEach(keys, key => Written.Enqueue((string)key!));
        Assert.True(!IsCluster || keys.Select(SlotOf).Distinct().Count() == 1);
        return Fails ? throw new StoreUnavailableException("a fault of the test") : await inner.EvalAsync(script, keys, values);
    }

    public Task<long> IncrementAsync(string key, long by) => inner.IncrementAsync(key, by);

    public IEnumerable<string> Keys(string prefix) => inner.Keys(prefix);
}
