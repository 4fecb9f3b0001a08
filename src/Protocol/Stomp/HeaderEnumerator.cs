namespace FastPush.Protocol.Stomp;

/// <summary>Walks header lines that a <see cref="FrameReader"/> has checked, in the order they came.</summary>
/// <param name="lines">Lines of the form <c>name:value</c>, each ended by LF or CRLF.</param>
public ref struct HeaderEnumerator(ReadOnlySpan<byte> lines)
{
    private ReadOnlySpan<byte> _rest = lines;

    /// <summary>The line that <see cref="MoveNext"/> came to.</summary>
    public StompHeader Current { get; private set; }

    /// <summary>Itself, so that <c>foreach</c> takes it.</summary>
    public readonly HeaderEnumerator GetEnumerator() => this;

    /// <summary>Steps to the next line; false after the last.</summary>
    public bool MoveNext()
    {
        int end = ShortText.IndexOf(_rest, (byte)'\n');
        if (end < 0)
        {
            return false;
        }

        int length = end > 0 && _rest[end - 1] == (byte)'\r' ? end - 1 : end;
        Current = new StompHeader(_rest[..length]);
        _rest = _rest[(end + 1)..];
        return true;
    }
}
