namespace FastPush.Protocol.Handshake;

/// <summary>The inside of a JSON string (RFC 8259 section 7) from UTF-8.</summary>
internal static class JsonText
{
    private const int ControlEscapeBytes = 6;

    public static int Size(ReadOnlySpan<byte> text)
    {
        var size = 0;
        foreach (var octet in text)
        {
            size += octet < 0x20 ? ControlEscapeBytes : octet is (byte)'"' or (byte)'\\' ? 2 : 1;
        }

        return size;
    }

    public static void Append(ref SpanWriter writer, scoped ReadOnlySpan<byte> text)
    {
        foreach (var octet in text)
        {
            if (octet < 0x20)
            {
                writer.Append("\\u00"u8);
                writer.Append([(byte)('0' + (octet >> 4)), "0123456789abcdef"u8[octet & 0xF]]);
            }
            else if (octet is (byte)'"' or (byte)'\\')
            {
                writer.Append([(byte)'\\', octet]);
            }
            else
            {
                writer.Append([octet]);
            }
        }
    }
}
