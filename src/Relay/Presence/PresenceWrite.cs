namespace FastPush.Relay.Presence;

internal enum PresenceWriteKind : byte
{
    Connect,
    Disconnect,
    Get,
}

/// <summary>One change of a user's presence, or question after those before it, that waits for its turn.</summary>
internal readonly record struct PresenceWrite(PresenceWriteKind Kind, string User, long Session, long UnixMs)
{
    public TaskCompletionSource<UserPresence>? Answer { get; init; }
}
