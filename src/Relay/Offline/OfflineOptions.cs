namespace FastPush.Relay.Offline;

/// <summary>Bounds of the offline queues (section <c>FastPush:Offline</c>).</summary>
public sealed record OfflineOptions
{
    /// <summary>Most messages that wait for one user in one queue; the oldest leave first.</summary>
    public int Messages { get; init; } = 1000;

    /// <summary>Most bytes that wait for one user in one queue; the oldest leave first.</summary>
    public long Bytes { get; init; } = 16L << 20;

    /// <summary>How long a message waits, in seconds, unless its own time to live is shorter.</summary>
    public int TtlSeconds { get; init; } = 7 * 24 * 3600;
}
