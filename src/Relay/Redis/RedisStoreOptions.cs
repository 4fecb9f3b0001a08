namespace FastPush.Relay.Redis;

/// <summary>How Redis is asked (section <c>FastPush:Cluster</c>).</summary>
public sealed record RedisStoreOptions
{
    /// <summary>Longest wait for one call, in ms.</summary>
    public int CallTimeoutMs { get; init; } = 1_000;

    /// <summary>How long the circuit stays open before the next try, in ms.</summary>
    public int BreakMs { get; init; } = 1_000;

    /// <summary>From one probe to the next, in ms.</summary>
    public int ProbeMs { get; init; } = 500;
}
