namespace FastPush.Gateway.Sessions;

/// <summary>How a session's messages look on the wire.</summary>
internal enum WireFormat : byte
{
    Stomp10,
    Stomp11,
    Stomp12,
    ServerSentEvents,
}
