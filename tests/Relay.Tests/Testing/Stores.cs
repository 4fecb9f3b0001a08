using FastPush.Relay.Redis;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastPush.Relay.Tests.Testing;

/// <summary>Connections to a test's Redis.</summary>
internal static class Stores
{
    /// <summary>One that answers.</summary>
    public static async Task<RedisStore> ConnectAsync(RedisServer redis, RedisStoreOptions? options = null)
    {
        var store = new RedisStore(
            redis.Configuration,
            options ?? new RedisStoreOptions { ProbeMs = 50, BreakMs = 500, CallTimeoutMs = 30_000 },
            TimeProvider.System,
            NullLogger.Instance);
        store.Start();
        await Until.TrueAsync(() => store.IsUp);
        return store;
    }
}
