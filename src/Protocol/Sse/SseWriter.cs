using System.Buffers.Text;

namespace FastPush.Protocol.Sse;

/// <summary>
/// Writes <c>text/event-stream</c> (HTML standard, section 9.2 "Server-sent events"). All bytes are UTF-8. Every method returns how many
/// bytes it wrote and ends with a blank line, so that its output is one whole block to a parser.
/// </summary>
/// <remarks>
/// A destination of <see cref="Size"/> bytes is always enough, for <see cref="WriteComment"/> and <see cref="WriteRetry"/> too. One that is
/// too small is an <see cref="ArgumentException"/> with part of the block written.
/// </remarks>
public static class SseWriter
{
    /// <summary>
    /// <c>id: </c>, the 19 digits of the largest long, the line end; and the blank line that ends the block.
    /// </summary>
    private const int IdLineAndBlankBytes = 4 + 19 + 1 + 1;

    /// <summary><c>event: </c> and its line end.</summary>
    private const int EventLineBytes = 7 + 1;

    /// <summary><c>data: </c> and its line end.</summary>
    private const int DataLineBytes = 6 + 1;

    /// <summary>Upper bound of one event, in bytes.</summary>
    /// <param name="eventNameBytes">Length of the event name, in bytes; 0 for none.</param>
    /// <param name="data">The data (or the comment's text).</param>
    /// <exception cref="OverflowException">The bound is over 2 GiB.</exception>
    public static int Size(int eventNameBytes, ReadOnlySpan<byte> data)
    {
        checked
        {
            var lines = 1 + data.Count((byte)'\n') + data.Count((byte)'\r');
            return IdLineAndBlankBytes + EventLineBytes + eventNameBytes + (lines * DataLineBytes) + data.Length;
        }
    }

    /// <summary>
    /// One event. <paramref name="data"/> becomes a <c>data:</c> line for each of its lines, which end at LF, CR or CRLF, so a parser gives the
    /// text back with every line end as LF: a CR or a CRLF does not survive. Empty data makes an event with empty data.
    /// </summary>
    /// <param name="dest">Where to write; at least <see cref="Size"/> bytes.</param>
    /// <param name="id">Becomes the client's last event id; 0 leaves that as it is.</param>
    /// <param name="eventName">The event type; empty leaves it at <c>message</c>.</param>
    /// <param name="data">UTF-8 text.</param>
    /// <exception cref="ArgumentException"><paramref name="eventName"/> holds a CR or LF, or <paramref name="dest"/> is too small.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="id"/> is negative.</exception>
    public static int WriteEvent(Span<byte> dest, long id, ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        // A line end in the name would let whoever chose the name write fields, or whole events, of their own.
        if (eventName.IndexOfAny((byte)'\n', (byte)'\r') >= 0)
            throw new ArgumentException("An event name must not hold a line end.", nameof(eventName));

        var at = 0;
        if (id != 0)
        {
            at += Append(dest, "id: "u8);
            at += AppendNumber(dest[at..], id);
            at += Append(dest[at..], "\n"u8);
        }

        if (!eventName.IsEmpty)
            at += AppendLine(dest[at..], "event: "u8, eventName);
        at += AppendLines(dest[at..], "data: "u8, data);
        at += Append(dest[at..], "\n"u8);
        return at;
    }

    /// <summary>A comment, which parsers ignore: the keep-alive of a quiet stream. Each line of the text becomes a comment line.</summary>
    /// <exception cref="ArgumentException"><paramref name="dest"/> is too small.</exception>
    public static int WriteComment(Span<byte> dest, ReadOnlySpan<byte> text)
    {
        var at = AppendLines(dest, ": "u8, text);
        return at + Append(dest[at..], "\n"u8);
    }

    /// <summary>Tells the client how long to wait before it reconnects.</summary>
    /// <param name="dest">Where to write; 19 bytes are enough.</param>
    /// <param name="ms">The wait, in milliseconds.</param>
    /// <exception cref="ArgumentException"><paramref name="dest"/> is too small.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="ms"/> is negative.</exception>
    public static int WriteRetry(Span<byte> dest, int ms)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ms);
        var at = Append(dest, "retry: "u8);
        at += AppendNumber(dest[at..], ms);
        return at + Append(dest[at..], "\n\n"u8);
    }

    private static int AppendLines(Span<byte> dest, ReadOnlySpan<byte> field, ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (true)
        {
            var end = text.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
                return at + AppendLine(dest[at..], field, text);
            at += AppendLine(dest[at..], field, text[..end]);
            text = text[(end + (text[end..].StartsWith("\r\n"u8) ? 2 : 1))..];
        }
    }

    /// <summary>The space after the colon is always written: a parser takes one away, so a space that leads the text survives.</summary>
    private static int AppendLine(Span<byte> dest, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value)
    {
        var at = Append(dest, field);
        at += Append(dest[at..], value);
        return at + Append(dest[at..], "\n"u8);
    }

    private static int AppendNumber(Span<byte> dest, long value) => Utf8Formatter.TryFormat(value, dest, out var written)
        ? written
        : throw new ArgumentException("The destination is too small.", nameof(dest));

    private static int Append(Span<byte> dest, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(dest);
        return bytes.Length;
    }
}
