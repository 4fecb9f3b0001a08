using System.Buffers.Text;
using System.Text;

namespace FastPush.Load.Wire;

/// <summary>The head of a response of HTTP/1.1 (RFC 9112), as far as a load client needs it.</summary>
internal readonly ref struct HttpHead
{
    private readonly ReadOnlySpan<byte> _fields;

    private HttpHead(int status, int length, ReadOnlySpan<byte> fields)
    {
        Status = status;
        Length = length;
        _fields = fields;
    }

    public int Status { get; }

    /// <summary>Bytes with the empty line.</summary>
    public int Length { get; }

    /// <summary>False: not all there yet. What is no response has status 0.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out HttpHead head)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            head = default;
            return false;
        }

        var status = bytes.StartsWith("HTTP/1.1 "u8) && Utf8Parser.TryParse(bytes[9..], out int number, out _) ? number : 0;
        head = new HttpHead(status, end + 4, bytes[..(end + 2)]);
        return true;
    }

    /// <summary>The value of a field; empty when it is not there. <paramref name="name"/> in lower case.</summary>
    public ReadOnlySpan<byte> Field(ReadOnlySpan<byte> name)
    {
        var rest = _fields;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf("\r\n"u8);
            var line = rest[..end];
            if (line.Length > name.Length && line[name.Length] == ':' && Ascii.EqualsIgnoreCase(line[..name.Length], name))
            {
                return line[(name.Length + 1)..].Trim((byte)' ');
            }

            rest = rest[(end + 2)..];
        }

        return default;
    }

    public bool IsChunked => Ascii.EqualsIgnoreCase(Field("transfer-encoding"u8), "chunked"u8);

    public override string ToString() => Encoding.UTF8.GetString(_fields).Replace("\r\n", " | ", StringComparison.Ordinal);
}
