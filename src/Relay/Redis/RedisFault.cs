using FastPush.Relay.Users;
using Polly.CircuitBreaker;
using StackExchange.Redis;

namespace FastPush.Relay.Redis;

/// <summary>Words for what Redis did instead of what it was asked.</summary>
internal static class RedisFault
{
    /// <summary>True for everything that an outage or a wrong set-up causes; the rest are faults of ours.</summary>
    public static bool IsOutage(Exception e) => e switch
    {
        RedisServerException server => !server.Message.StartsWith("ERR Error running script", StringComparison.Ordinal)
            && !server.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal),
        RedisException or TimeoutException or BrokenCircuitException or ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>A short text for operators.</summary>
    public static string Describe(Exception e) => e switch
    {
        BrokenCircuitException => "Redis failed a moment ago and is not asked again yet",
        RedisServerException server => server.Message switch
        {
            var m when m.StartsWith("OOM", StringComparison.Ordinal) => "Redis is out of memory (maxmemory) and refuses writes",
            var m when m.StartsWith("READONLY", StringComparison.Ordinal) => "Redis is a replica and refuses writes",
            var m when m.StartsWith("MISCONF", StringComparison.Ordinal) => "Redis cannot save to its disk and refuses writes",
            var m when m.StartsWith("NOAUTH", StringComparison.Ordinal) || m.StartsWith("WRONGPASS", StringComparison.Ordinal)
                => "Redis refuses the password",
            var m when m.StartsWith("LOADING", StringComparison.Ordinal) => "Redis is still loading its data",
            var m when m.StartsWith("CLUSTERDOWN", StringComparison.Ordinal) => "the Redis Cluster is down: a slot has no primary",
            var m => $"Redis answers: {m}",
        },
        RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure } => "Redis refuses the password",
        RedisConnectionException connection when connection.Message.Contains("NOAUTH", StringComparison.Ordinal)
            => "Redis refuses the password",
        RedisConnectionException connection => $"Redis cannot be reached: {FirstSentence(connection.Message)}",
        TimeoutException => "Redis did not answer in time",
        _ => $"Redis cannot be used: {FirstSentence(e.Message)}",
    };

    public static StoreUnavailableException Translate(Exception e) => new(Describe(e), e);

    private static string FirstSentence(string text)
    {
        var end = text.AsSpan().IndexOfAny(';', '\n');
        return end < 0 ? text : text[..end];
    }
}
