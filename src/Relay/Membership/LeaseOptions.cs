namespace FastPush.Relay.Membership;

/// <summary>How a server id is leased.</summary>
public sealed record LeaseOptions
{
    /// <summary>
    /// How long an id stays with a server that cannot renew it, in ms: so long an outage of Redis does not stop the server from making
    /// ids, and so long the id of a crashed server is given to nobody else.
    /// </summary>
    public int LeaseMs { get; init; } = 1_800_000;

    /// <summary>From one renewal to the next, in ms. It is also how soon a server sees that its id was taken over.</summary>
    public int RenewMs { get; init; } = 1_000;

    /// <summary>
    /// A Redis that has just started, or that knows nothing of a fleet, may have forgotten leases. Newcomers let it rest so long, in ms,
    /// in which present owners renew theirs.
    /// </summary>
    public int FreshWaitMs { get; init; } = 5_000;

    /// <summary>From one try to get an id to the next, in ms.</summary>
    public int RetryMs { get; init; } = 500;
}
