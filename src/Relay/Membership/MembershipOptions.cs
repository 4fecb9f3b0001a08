namespace FastPush.Relay.Membership;

/// <summary>How servers see each other.</summary>
public sealed record MembershipOptions
{
    /// <summary>From one heart-beat to the next, in ms.</summary>
    public int HeartBeatMs { get; init; } = 1_000;

    /// <summary>A server without a heart-beat for so long is dead, in ms.</summary>
    public int DeadAfterMs { get; init; } = 5_000;

    /// <summary>How long Redis keeps a line about a server that is gone, in ms.</summary>
    public int ForgetAfterMs { get; init; } = 60_000;
}
