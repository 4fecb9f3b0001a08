using System.Buffers;

namespace FastPush.Protocol.Handshake;

/// <summary>
/// The lines of a request head, strictly (RFC 9112 sections 3 and 5): what could be read in two ways is no line.
/// </summary>
internal static class HttpLine
{
    // RFC 9110 section 5.6.2: tchar.
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    // RFC 9110 section 5.5: field content is VCHAR, obs-text, SP and HTAB.
    private static readonly SearchValues<byte> ControlBytes = SearchValues.Create(
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127,
    ]);

    /// <summary><c>request-line = method SP request-target SP HTTP-version</c>; the line comes without its CRLF.</summary>
    public static bool TrySplitRequest(
        ReadOnlySpan<byte> line, out ReadOnlySpan<byte> method, out ReadOnlySpan<byte> target, out ReadOnlySpan<byte> version)
    {
        method = target = version = default;
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        if (first <= 0 || last == first)
        {
            return false;
        }

        method = line[..first];
        target = line[(first + 1)..last];
        version = line[(last + 1)..];
        return !method.ContainsAnyExcept(TokenBytes) && !target.IsEmpty && !target.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E);
    }

    /// <summary>
    /// <c>field-line = field-name ":" OWS field-value OWS</c>, without its CRLF. obs-fold begins with a space and so has no name.
    /// </summary>
    public static bool TrySplitField(ReadOnlySpan<byte> line, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes) || line[(colon + 1)..].ContainsAny(ControlBytes))
        {
            return false;
        }

        name = line[..colon];
        value = line[(colon + 1)..].Trim(" \t"u8);
        return true;
    }
}
