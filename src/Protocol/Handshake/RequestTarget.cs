using System.Buffers;
using System.Text;

namespace FastPush.Protocol.Handshake;

/// <summary>
/// The request targets that lead to <c>/stomp</c> (RFC 9112 section 3.2): in origin-form or absolute-form, with any query, and with
/// percent-encoding where that means the same (RFC 9110 section 4.2.3). Paths are compared with regard to case, <c>/stomp/</c> is
/// another resource, and dot segments are for the client to remove.
/// </summary>
internal static class RequestTarget
{
    // RFC 3986 section 3.2.2: reg-name, without its percent-encoding.
    private static readonly SearchValues<byte> NameBytes =
        SearchValues.Create("-._~!$&'()*+,;=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> AddressBytes = SearchValues.Create("0123456789ABCDEFabcdef:."u8);

    private static ReadOnlySpan<byte> Path => "/stomp"u8;

    /// <summary>
    /// Whether <paramref name="start"/>, what has arrived of the target and what is behind it, leads to <c>/stomp</c>:
    /// <see cref="ParseStatus.Done"/> means yes, <see cref="ParseStatus.Malformed"/> no.
    /// </summary>
    public static ParseStatus Match(ReadOnlySpan<byte> start)
    {
        if (!start.IsEmpty && start[0] != (byte)'/')
        {
            var status = SkipAuthority(ref start);
            if (status != ParseStatus.Done)
            {
                return status;
            }
        }

        foreach (var expected in Path)
        {
            var status = Take(ref start, expected);
            if (status != ParseStatus.Done)
            {
                return status;
            }
        }

        return start.IsEmpty ? ParseStatus.NeedMore : start[0] is (byte)' ' or (byte)'?' ? ParseStatus.Done : ParseStatus.Malformed;
    }

    /// <summary>The authority of a whole target; empty in origin-form.</summary>
    public static ReadOnlySpan<byte> Authority(ReadOnlySpan<byte> target)
    {
        var before = "://"u8;
        var at = target[0] == (byte)'/' ? -1 : target.IndexOf(before);
        if (at < 0)
        {
            return default;
        }

        var rest = target[(at + before.Length)..];
        var end = rest.IndexOfAny("/?"u8);
        return end < 0 ? rest : rest[..end];
    }

    /// <summary>Whether a target's authority has a host, and no user in front of it (RFC 9110 sections 4.2.1 and 4.2.4).</summary>
    public static bool NamesHost(ReadOnlySpan<byte> authority) => !authority.IsEmpty && authority[0] != (byte)':' && IsHost(authority);

    /// <summary><c>uri-host [ ":" port ]</c> (RFC 9110 section 7.2), which may be empty in the field.</summary>
    public static bool IsHost(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> rest;
        if (!value.IsEmpty && value[0] == (byte)'[')
        {
            var end = value.IndexOf((byte)']');
            if (end < 2 || value[1..end].ContainsAnyExcept(AddressBytes))
            {
                return false;
            }

            rest = value[(end + 1)..];
        }
        else
        {
            var colon = value.IndexOf((byte)':');
            rest = colon < 0 ? default : value[colon..];
            if (!IsName(colon < 0 ? value : value[..colon]))
            {
                return false;
            }
        }

        return rest.IsEmpty || (rest[0] == (byte)':' && !rest[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9'));
    }

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        while (true)
        {
            var other = name.IndexOfAnyExcept(NameBytes);
            if (other < 0)
            {
                return true;
            }

            name = name[other..];
            if (name.Length < 3 || !TryDecode(name, out _))
            {
                return false;
            }

            name = name[3..];
        }
    }

    // "http://" or "https://" and an authority, up to the path.
    private static ParseStatus SkipAuthority(ref ReadOnlySpan<byte> start)
    {
        var secure = "https://"u8;
        var plain = "http://"u8;
        var scheme = start[..Math.Min(start.Length, secure.Length)];
        var isPlain = IsBegun(scheme, plain);
        if (!isPlain && !IsBegun(scheme, secure))
        {
            return ParseStatus.Malformed;
        }

        var length = isPlain ? plain.Length : secure.Length;
        if (start.Length < length)
        {
            return ParseStatus.NeedMore;
        }

        var rest = start[length..];
        var end = rest.IndexOf((byte)'/');
        if ((end < 0 ? rest : rest[..end]).ContainsAny(" ?#\r\n"u8))
        {
            return ParseStatus.Malformed; // It has no path.
        }

        start = end < 0 ? start : rest[end..];
        return end < 0 ? ParseStatus.NeedMore : ParseStatus.Done;
    }

    private static bool IsBegun(ReadOnlySpan<byte> seen, ReadOnlySpan<byte> whole)
    {
        var length = Math.Min(seen.Length, whole.Length);
        return Ascii.EqualsIgnoreCase(seen[..length], whole[..length]);
    }

    // One octet of the path, as it is or percent-encoded; an encoded slash is another path.
    private static ParseStatus Take(ref ReadOnlySpan<byte> start, byte expected)
    {
        if (start.IsEmpty)
        {
            return ParseStatus.NeedMore;
        }

        var length = 1;
        if (start[0] == (byte)'%' && expected != (byte)'/')
        {
            length = 3;
            Span<byte> escape = stackalloc byte[3];
            var seen = Math.Min(start.Length, length);
            "%00"u8.CopyTo(escape);
            start[..seen].CopyTo(escape);
            if (!TryDecode(escape, out var octet) || (seen == length && octet != expected))
            {
                return ParseStatus.Malformed;
            }

            if (seen < length)
            {
                return ParseStatus.NeedMore;
            }
        }
        else if (start[0] != expected)
        {
            return ParseStatus.Malformed;
        }

        start = start[length..];
        return ParseStatus.Done;
    }

    private static bool TryDecode(ReadOnlySpan<byte> escape, out byte octet)
    {
        octet = 0;
        if (escape[0] != (byte)'%' || !char.IsAsciiHexDigit((char)escape[1]) || !char.IsAsciiHexDigit((char)escape[2]))
        {
            return false;
        }

        octet = (byte)((QueryValue.HexValue(escape[1]) << 4) | QueryValue.HexValue(escape[2]));
        return true;
    }
}
