using FastPush.Relay.Redis;

namespace FastPush.Relay.Links;

/// <summary>How this server's relay link behaves. Sizes are bytes.</summary>
public sealed record RelayOptions
{
    private const int ShardsMax = 64;

    public required RedisEndpoints Address { get; init; }

    /// <summary>This server's id, 0 to 1023; others publish to it under this number.</summary>
    public required int ServerId { get; init; }

    /// <summary>
    /// Channels of each server, 1 to 64, so that a Redis Cluster shares the work. All servers of a fleet must have the same number.
    /// </summary>
    public int Shards { get; init; } = 4;

    /// <summary>Messages to one shard go out as one PUBLISH of at most this size; a larger message goes alone.</summary>
    public int BatchBytesMax { get; init; } = 64 * 1024;

    /// <summary>
    /// While a PUBLISH to a shard is unanswered, what comes for it is collected until the answer, until the batch is full, or for so long:
    /// the answer may stand behind messages that this server is delivering.
    /// </summary>
    public TimeSpan HoldMax { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Memory of messages to one server that wait, or that Redis has not answered.</summary>
    public long QueueBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>The same for all servers together.</summary>
    public long TotalBytesMax { get; init; } = 256 * 1024 * 1024;

    /// <summary>What Redis sends as one reply or push; more ends the connection. No larger message can be published either.</summary>
    public int FrameBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>A PING is sent when nothing came for so long.</summary>
    public TimeSpan PingAfter { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The connection is given up when nothing came for so long after a PING.</summary>
    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The connection is given up when commands have waited so long for a reply, though other bytes come.</summary>
    public TimeSpan ReplyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a server that is no cluster is asked whether it still is a primary, and a cluster for its map.</summary>
    public TimeSpan CheckPeriod { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Pause before the first attempt to connect again; doubled for each failure, less up to half by chance.</summary>
    public TimeSpan BackoffMin { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>At the end, what waits is still sent for so long.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <exception cref="ArgumentException">Names what is out of range.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Address.EndPoints.Count, 1, nameof(Address));
        ArgumentOutOfRangeException.ThrowIfNegative(ServerId);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(ServerId, RelayLanes.ServersMax, nameof(ServerId));
        ArgumentOutOfRangeException.ThrowIfLessThan(Shards, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Shards, ShardsMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchBytesMax, RelayBatchPool.SmallBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(FrameBytesMax, 2 * BatchBytesMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueBytesMax, BatchBytesMax);
        ArgumentOutOfRangeException.ThrowIfLessThan(TotalBytesMax, QueueBytesMax);
        TimeSpan[] times = [Address.ConnectTimeout, PingAfter, PingTimeout, ReplyTimeout, CheckPeriod, BackoffMin, StopTimeout, HoldMax];
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(times.Min(), TimeSpan.Zero, "timeouts");
        ArgumentOutOfRangeException.ThrowIfLessThan(BackoffMax, BackoffMin);
    }
}
