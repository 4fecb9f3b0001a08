namespace FastPush.Relay.Dedup;

/// <summary>For how long publishes are remembered (P3).</summary>
public sealed record DedupOptions
{
    /// <summary>A repetition counts as one for so long, in ms.</summary>
    public int WindowMs { get; init; } = 600_000;

    /// <summary>A claim without confirmation lasts so long, in ms: longer than storing a message may take with its retries.</summary>
    public int PendingMs { get; init; } = 30_000;
}
