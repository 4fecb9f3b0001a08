namespace FastPush.Protocol.WebSocket;

/// <summary>A client's frame header (RFC 6455 section 5.2), wholly validated.</summary>
public readonly struct WsHeader
{
    /// <summary>What the frame is.</summary>
    public WsOpcode Opcode { get; init; }

    /// <summary>Whether this is the last frame of its message.</summary>
    public bool Fin { get; init; }

    /// <summary>The masking key, its four bytes read as a little-endian number.</summary>
    public uint MaskKey { get; init; }

    /// <summary>Bytes of payload that follow the header.</summary>
    public long PayloadLength { get; init; }

    /// <summary>Bytes of the header itself, 6 to 14.</summary>
    public int HeaderBytes { get; init; }

    /// <summary>Whether this is a close, ping or pong, by the opcode's highest bit (section 5.5).</summary>
    public bool IsControl => ((byte)Opcode & WsHeaderReader.ControlBit) != 0;
}
