namespace FastPush.Relay.Presence;

/// <summary>Times to live of what is known of sessions and users (P3), in seconds.</summary>
public sealed record PresenceOptions
{
    /// <summary>Of <c>push:session</c> keys.</summary>
    public int SessionSeconds { get; init; } = 3600;

    /// <summary>Of "online" in <c>push:presence</c>.</summary>
    public int OnlineSeconds { get; init; } = 60;

    /// <summary>Of the time of leaving in <c>push:presence</c>.</summary>
    public int LastSeenSeconds { get; init; } = 7 * 24 * 3600;
}
