namespace FastPush.Protocol.WebSocket;

/// <summary>What a <see cref="WsChunk"/> holds.</summary>
public enum WsChunkKind : byte
{
    /// <summary>Part or all of a text or binary message.</summary>
    Data,

    /// <summary>A whole ping, to be answered by a pong with the same payload.</summary>
    Ping,

    /// <summary>A whole pong.</summary>
    Pong,

    /// <summary>A whole close frame, its code and reason legal; <see cref="CloseFrame.TryRead"/> takes them apart.</summary>
    Close,
}

/// <summary>A piece of what a client sent, unmasked in place: a slice of the caller's buffer.</summary>
public readonly ref struct WsChunk
{
    /// <summary>What it is.</summary>
    public WsChunkKind Kind { get; init; }

    /// <summary>The payload: of a control frame the whole, of a data frame what has arrived. May be empty.</summary>
    public Span<byte> Payload { get; init; }

    /// <summary>Data only: the message ends with this chunk.</summary>
    public bool EndOfMessage { get; init; }

    /// <summary>Data only: the message is text; all of it up to here can still become, and at its end is, valid UTF-8.</summary>
    public bool IsText { get; init; }
}
