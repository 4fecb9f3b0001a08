namespace FastPush.Protocol.Stomp;

/// <summary>A client's frame as slices of the buffer it was read from, so it lives no longer than that buffer's bytes.</summary>
public readonly ref struct StompFrame
{
    internal StompFrame(StompCommand command, ReadOnlySpan<byte> headerBytes, int headerCount, ReadOnlySpan<byte> body)
    {
        Command = command;
        HeaderBytes = headerBytes;
        HeaderCount = headerCount;
        Body = body;
    }

    /// <summary>The command; <see cref="StompCommand.Unknown"/> only beside a fault.</summary>
    public StompCommand Command { get; }

    /// <summary>The raw header lines, each ended by LF or CRLF, without the empty line that ends the head.</summary>
    public ReadOnlySpan<byte> HeaderBytes { get; }

    /// <summary>The octets between the empty line and the NUL.</summary>
    public ReadOnlySpan<byte> Body { get; }

    /// <summary>Number of header lines, repeated ones included.</summary>
    public int HeaderCount { get; }

    /// <summary>The header lines in their order.</summary>
    public HeaderEnumerator Headers => new(HeaderBytes);

    /// <summary>The header lines in their order.</summary>
    public HeaderEnumerator GetEnumerator() => Headers;

    /// <summary>
    /// The first header of that name: of repeated ones "only the first header entry SHOULD be used" (STOMP 1.2, "Repeated
    /// Header Entries"). Walks the lines, so a caller that wants several names enumerates once instead.
    /// </summary>
    /// <param name="name">A known name.</param>
    /// <param name="rawValue">The value, still escaped; empty if there is none.</param>
    public bool TryGet(HeaderName name, out ReadOnlySpan<byte> rawValue)
    {
        foreach (StompHeader header in Headers)
        {
            if (header.Known == name)
            {
                rawValue = header.Value;
                return true;
            }
        }

        rawValue = default;
        return false;
    }
}
