using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace FastPush.Protocol.Handshake;

/// <summary>
/// Finds where the requests of a connection end that an HTTP server reads (RFC 9112 section 6), without keeping any byte. It knows only
/// what every server reads alike, and gives up for good at anything else: another opinion about the end of a request than the server's
/// would let one request be smuggled in another.
/// </summary>
public struct RequestBoundary
{
    private const int DigitsMax = 15;

    private Part _part;
    private long _left;
    private bool _hasLength;
    private bool _isChunked;
    private bool _isLast;
    private bool _hasReturn;

    private enum Part : byte
    {
        Between,
        Head,
        Body,
        ChunkSize,
        Chunk,
        ChunkEnd,
        Trailers,
        Lost,
    }

    /// <summary>The next byte is the first of a request, or of an empty line in front of one.</summary>
    public readonly bool IsBetween => _part == Part.Between;

    /// <summary>
    /// Takes empty lines in front of a request (RFC 9112 section 2.2), also when they come in parts. Malformed: they are no such lines.
    /// </summary>
    public ParseStatus SkipEmptyLines(ReadOnlySpan<byte> bytes, out int consumed)
    {
        for (consumed = 0; consumed < bytes.Length; consumed++)
        {
            if (bytes[consumed] != (_hasReturn ? (byte)'\n' : (byte)'\r'))
            {
                return _hasReturn ? Lose() : ParseStatus.Done;
            }

            _hasReturn = !_hasReturn;
        }

        return ParseStatus.NeedMore;
    }

    /// <summary>
    /// Reads on, at most to the end of a request. Done: there it is. NeedMore: what was not taken is the beginning of a line and must come
    /// again. Malformed: nothing is known of this connection any more.
    /// </summary>
    public ParseStatus Read(ReadOnlySpan<byte> bytes, out int consumed)
    {
        consumed = 0;
        if (_part == Part.Between && SkipEmptyLines(bytes, out consumed) != ParseStatus.Done)
        {
            return _part == Part.Lost ? ParseStatus.Malformed : ParseStatus.NeedMore;
        }

        while (_part != Part.Lost)
        {
            if (_part is Part.Body or Part.Chunk)
            {
                var length = (int)Math.Min(_left, bytes.Length - consumed);
                consumed += length;
                _left -= length;
                if (_left > 0)
                {
                    return ParseStatus.NeedMore;
                }

                _part = _part == Part.Body ? Part.Between : Part.ChunkEnd;
            }
            else
            {
                var rest = bytes[consumed..];
                var lineFeed = rest.IndexOf((byte)'\n');
                if (lineFeed < 0)
                {
                    return ParseStatus.NeedMore;
                }

                consumed += lineFeed + 1;
                _part = lineFeed > 0 && rest[lineFeed - 1] == (byte)'\r' ? Line(rest[..(lineFeed - 1)]) : Part.Lost;
            }

            if (_part == Part.Between)
            {
                return _isLast ? Lose() : ParseStatus.Done;
            }
        }

        return ParseStatus.Malformed;
    }

    private ParseStatus Lose()
    {
        _part = Part.Lost;
        return ParseStatus.Malformed;
    }

    // The part that comes behind a line.
    private Part Line(ReadOnlySpan<byte> line) => _part switch
    {
        Part.Between => RequestLine(line),
        Part.Head when line.IsEmpty => EndHead(),
        Part.Head => FieldLine(line),
        Part.ChunkSize => ChunkSize(line),
        Part.ChunkEnd => line.IsEmpty ? Part.ChunkSize : Part.Lost,
        Part.Trailers when line.IsEmpty => Part.Between,
        Part.Trailers => HttpLine.TrySplitField(line, out _, out _) ? Part.Trailers : Part.Lost,
        _ => Part.Lost,
    };

    private Part RequestLine(ReadOnlySpan<byte> line)
    {
        _hasLength = _isChunked = _isLast = false;
        _left = 0;
        return HttpLine.TrySplitRequest(line, out var method, out _, out var version)
            && version.SequenceEqual("HTTP/1.1"u8)
            && !method.SequenceEqual("CONNECT"u8)
            ? Part.Head
            : Part.Lost;
    }

    private Part FieldLine(ReadOnlySpan<byte> line)
    {
        if (!HttpLine.TrySplitField(line, out var name, out var value))
        {
            return Part.Lost;
        }

        if (Ascii.EqualsIgnoreCase(name, "Content-Length"u8))
        {
            if (_hasLength || value.Length > DigitsMax || !TryNumber(value, out _left))
            {
                return Part.Lost;
            }

            _hasLength = true;
        }
        else if (Ascii.EqualsIgnoreCase(name, "Transfer-Encoding"u8))
        {
            if (_isChunked || !Ascii.EqualsIgnoreCase(value, "chunked"u8))
            {
                return Part.Lost;
            }

            _isChunked = true;
        }
        else if (Ascii.EqualsIgnoreCase(name, "Connection"u8))
        {
            _isLast |= TokenList.Contains(value, "close"u8);
        }

        return Part.Head;
    }

    private readonly Part EndHead()
    {
        if (_isChunked)
        {
            return _hasLength ? Part.Lost : Part.ChunkSize;
        }

        return _left > 0 ? Part.Body : Part.Between;
    }

    // Without extensions, of which servers think differently.
    private Part ChunkSize(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line.Length > DigitsMax
            || !long.TryParse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left))
        {
            return Part.Lost;
        }

        return _left == 0 ? Part.Trailers : Part.Chunk;
    }

    private static bool TryNumber(ReadOnlySpan<byte> digits, out long number) =>
        !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9') & Utf8Parser.TryParse(digits, out number, out _);
}
