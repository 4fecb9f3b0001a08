namespace FastPush.Protocol;

/// <summary>Sizes that every reader obeys (section <c>FastPush:Limits</c> of the configuration).</summary>
public sealed record ProtocolLimits
{
    /// <summary>The defaults of the outside contract.</summary>
    public static ProtocolLimits Default { get; } = new();

    /// <summary>Largest STOMP body, in bytes. Headers come on top, bounded by the two limits below.</summary>
    public int FrameBytes { get; init; } = 1 << 20;

    /// <summary>Most header lines in one STOMP frame.</summary>
    public int Headers { get; init; } = 64;

    /// <summary>Longest STOMP header line or command line, in bytes, without its line end.</summary>
    public int HeaderLineBytes { get; init; } = 8 << 10;

    /// <summary>Most bytes of a STOMP frame up to the end of its header lines.</summary>
    public int HeadBytes { get; init; } = int.MaxValue;

    /// <summary>Largest HTTP request head of an upgrade, in bytes. Holds a token of 8 KiB beside what browsers send.</summary>
    public int UpgradeHeadBytes { get; init; } = 16 << 10;

    /// <summary>
    /// Largest WebSocket frame payload, in bytes: one STOMP frame with all its headers must fit in one WebSocket frame,
    /// so this follows from the limits above.
    /// </summary>
    public long WebSocketPayloadBytes => FrameBytes + ((long)Headers + 1) * (HeaderLineBytes + 2) + 4;
}
