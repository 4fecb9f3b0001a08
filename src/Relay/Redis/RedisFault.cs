using FastPush.Relay.Users;
using Polly.CircuitBreaker;
using StackExchange.Redis;

namespace FastPush.Relay.Redis;

/// <summary>Words for what Redis did instead of what it was asked.</summary>
internal static class RedisFault
{
    /// <summary>
    /// True for everything that an outage or a wrong set-up causes, so that it is waited for; the rest are faults of ours, or of who
    /// else writes our keys.
    /// </summary>
    public static bool IsOutage(Exception e) => e switch
    {
        RedisServerException server => !IsOfScript(server.Message) && !IsForeign(server.Message),
        RedisException or TimeoutException or BrokenCircuitException or ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>
    /// Redis' user has no right to a command, key or channel. All else goes on, so this is for the probe to name and not for the circuit
    /// breaker to count.
    /// </summary>
    public static bool IsRefusal(Exception e) =>
        e is RedisServerException { Message: var m }
        && (m.StartsWith("NOPERM", StringComparison.Ordinal) || m.Contains("The user executing the script", StringComparison.Ordinal));

    // A key of ours holds what another program wrote.
    private static bool IsForeign(string message) => message.Contains("WRONGTYPE", StringComparison.Ordinal);

    // Redis 6 wraps every error of a script's command so.
    private static bool IsOfScript(string message) =>
        message.StartsWith("ERR Error running script", StringComparison.Ordinal)
        && !message.Contains("NOPERM", StringComparison.Ordinal)
        && !message.Contains("The user executing the script", StringComparison.Ordinal);

    /// <summary>A short text for operators.</summary>
    public static string Describe(Exception e) => e switch
    {
        BrokenCircuitException => "Redis failed a moment ago and is not asked again yet",
        RedisServerException server => server.Message switch
        {
            var m when m.StartsWith("OOM", StringComparison.Ordinal) => "Redis is out of memory (maxmemory) and refuses writes",
            var m when m.StartsWith("READONLY", StringComparison.Ordinal) => "Redis is a replica and refuses writes",
            var m when IsRefusal(e) => $"Redis' user lacks a right: {m}",
            var m when m.StartsWith("NOREPLICAS", StringComparison.Ordinal)
                => "Redis has too few replicas (min-replicas-to-write) and refuses writes",
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
