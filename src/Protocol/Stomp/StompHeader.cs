namespace FastPush.Protocol.Stomp;

/// <summary>One header line, as slices of the bytes it came in. Nothing is unescaped: see <see cref="HeaderText"/>.</summary>
public readonly ref struct StompHeader
{
    private readonly int _colon;

    internal StompHeader(ReadOnlySpan<byte> line)
    {
        Line = line;
        _colon = ShortText.IndexOf(line, (byte)':');
    }

    /// <summary><c>name:value</c> without its line end.</summary>
    public ReadOnlySpan<byte> Line { get; }

    /// <summary>The octets before the first colon.</summary>
    public ReadOnlySpan<byte> Name => Line[.._colon];

    /// <summary>The octets after the first colon; further colons and spaces belong to the value.</summary>
    public ReadOnlySpan<byte> Value => Line[(_colon + 1)..];

    /// <summary>Which of the names the server knows this is; looked up at each call.</summary>
    public HeaderName Known => HeaderNames.Parse(Name);
}
