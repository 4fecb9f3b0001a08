namespace FastPush.Protocol.Stomp;

/// <summary>A client's frame as slices of the buffer it was read from, so it lives no longer than that buffer's bytes.</summary>
public readonly ref struct StompFrame
{
    // One bit for each HeaderName that may be there.
    private readonly uint _names;

    internal StompFrame(StompCommand command, ReadOnlySpan<byte> headerBytes, int headerCount, uint names, ReadOnlySpan<byte> body)
    {
        _names = names;
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

    /// <summary>One bit for each <see cref="HeaderName"/> that some line may have; a bit that is not set is certain.</summary>
    internal uint Names => _names;

    /// <summary>The header lines in their order.</summary>
    public HeaderEnumerator Headers => new(HeaderBytes);

    /// <summary>The header lines in their order.</summary>
    public HeaderEnumerator GetEnumerator() => Headers;

    /// <summary>
    /// The first header of that name: of repeated ones "only the first header entry SHOULD be used" (STOMP 1.2, "Repeated
    /// Header Entries"). Walks the lines, unless none has the name.
    /// </summary>
    /// <param name="name">A known name.</param>
    /// <param name="rawValue">The value, still escaped; empty if there is none.</param>
    public bool TryGet(HeaderName name, out ReadOnlySpan<byte> rawValue)
    {
        if ((_names & (1u << (int)name)) == 0)
        {
            rawValue = default;
            return false;
        }

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
