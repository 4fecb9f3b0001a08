namespace FastPush.Protocol.Envelope;

/// <summary>Flags of a <see cref="RelayEnvelope"/>. Bits beyond these are kept and mean nothing.</summary>
[Flags]
public enum RelayFlags
{
    None = 0,

    /// <summary>The body is UTF-8 text, so it may go out as a WebSocket text message.</summary>
    TextBody = 1,

    /// <summary>An earlier delivery was tried.</summary>
    Redelivered = 2,
}
