namespace FastPush.Protocol.Handshake;

/// <summary>Reads <c>application/x-www-form-urlencoded</c> (URL standard, section 5.1): <c>+</c> is a space, <c>%XX</c> an octet.</summary>
internal static class QueryValue
{
    public static bool TryFind(ReadOnlySpan<byte> query, ReadOnlySpan<byte> name, Span<byte> destination, out int written)
    {
        while (!query.IsEmpty)
        {
            var ampersand = query.IndexOf((byte)'&');
            var pair = ampersand < 0 ? query : query[..ampersand];
            query = ampersand < 0 ? default : query[(ampersand + 1)..];
            var equals = pair.IndexOf((byte)'=');
            if (IsNamed(equals < 0 ? pair : pair[..equals], name))
            {
                return TryDecode(equals < 0 ? default : pair[(equals + 1)..], destination, out written);
            }
        }

        written = 0;
        return false;
    }

    /// <summary>Of a digit that is known to be one.</summary>
    public static int HexValue(byte digit) => digit <= (byte)'9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static bool IsNamed(ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> name)
    {
        var length = 0;
        while (!encoded.IsEmpty && length < name.Length)
        {
            if (!TryTake(ref encoded, out var octet) || octet != name[length++])
            {
                return false;
            }
        }

        return encoded.IsEmpty && length == name.Length;
    }

    private static bool TryDecode(ReadOnlySpan<byte> encoded, Span<byte> destination, out int written)
    {
        written = 0;
        while (!encoded.IsEmpty)
        {
            if (written == destination.Length || !TryTake(ref encoded, out destination[written]))
            {
                written = 0;
                return false;
            }

            written++;
        }

        return true;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> encoded, out byte octet)
    {
        octet = encoded[0];
        if (octet == (byte)'%')
        {
            if (encoded.Length < 3 || !char.IsAsciiHexDigit((char)encoded[1]) || !char.IsAsciiHexDigit((char)encoded[2]))
            {
                return false;
            }

            octet = (byte)((HexValue(encoded[1]) << 4) | HexValue(encoded[2]));
            encoded = encoded[3..];
            return true;
        }

        octet = octet == (byte)'+' ? (byte)' ' : octet;
        encoded = encoded[1..];
        return true;
    }
}
