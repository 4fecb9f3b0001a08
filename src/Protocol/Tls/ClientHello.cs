using System.Buffers.Binary;

namespace FastPush.Protocol.Tls;

/// <summary>
/// What a client offers in its first message (RFC 8446 section 4.1.2), as far as it decides who serves it. Nothing is judged here: who
/// serves it reads the message again and checks all of it.
/// </summary>
public readonly record struct ClientHello
{
    private const byte MessageType = 1;
    private const int SupportedVersions = 43; // RFC 8446 section 4.2.1
    private const int ApplicationProtocols = 16; // RFC 7301
    private const ushort Tls13 = 0x0304;

    public bool OffersTls13 { get; private init; }

    public bool OffersHttp2 { get; private init; }

    /// <summary>
    /// Reads the first record of a connection. <see cref="ParseStatus.Malformed"/> also for a message that does not fit in it, and for
    /// anything that is not TLS.
    /// </summary>
    public static ParseStatus TryRead(ReadOnlySpan<byte> bytes, out ClientHello hello)
    {
        hello = default;
        if (bytes.IsEmpty)
        {
            return ParseStatus.NeedMore;
        }

        if (bytes[0] != (byte)TlsContent.Handshake || (bytes.Length > 1 && bytes[1] != 3))
        {
            return ParseStatus.Malformed;
        }

        if (bytes.Length < TlsRecord.HeaderBytes)
        {
            return ParseStatus.NeedMore;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
        if (length is < 4 or > TlsRecord.ContentBytesMax)
        {
            return ParseStatus.Malformed;
        }

        var record = bytes[TlsRecord.HeaderBytes..];
        if (record.Length < length)
        {
            return ParseStatus.NeedMore;
        }

        var message = record[..length];
        var messageBytes = (message[1] << 16) | BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        return message[0] == MessageType && messageBytes == length - 4 && TryReadBody(message[4..], out hello)
            ? ParseStatus.Done
            : ParseStatus.Malformed;
    }

    private static bool TryReadBody(ReadOnlySpan<byte> body, out ClientHello hello)
    {
        hello = default;
        const int versionAndRandom = 2 + 32;
        if (body.Length < versionAndRandom)
        {
            return false;
        }

        body = body[versionAndRandom..];
        if (!TryTake(ref body, 1, out _) || !TryTake(ref body, 2, out _) || !TryTake(ref body, 1, out _)
            || !TryTake(ref body, 2, out var extensions))
        {
            return false;
        }

        while (!extensions.IsEmpty)
        {
            if (extensions.Length < 4)
            {
                return false;
            }

            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, 2, out var data))
            {
                return false;
            }

            hello = type switch
            {
                SupportedVersions => hello with { OffersTls13 = HasTls13(data) },
                ApplicationProtocols => hello with { OffersHttp2 = HasHttp2(data) },
                _ => hello,
            };
        }

        return true;
    }

    private static bool HasTls13(ReadOnlySpan<byte> data)
    {
        TryTake(ref data, 1, out var versions);
        for (; versions.Length >= 2; versions = versions[2..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(versions) == Tls13)
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasHttp2(ReadOnlySpan<byte> data)
    {
        TryTake(ref data, 2, out var names);
        while (TryTake(ref names, 1, out var name))
        {
            if (name.SequenceEqual("h2"u8))
            {
                return true;
            }
        }

        return false;
    }

    // A vector behind its length of one or two bytes.
    private static bool TryTake(ref ReadOnlySpan<byte> bytes, int lengthBytes, out ReadOnlySpan<byte> vector)
    {
        vector = default;
        if (bytes.Length < lengthBytes)
        {
            return false;
        }

        var length = lengthBytes == 1 ? bytes[0] : BinaryPrimitives.ReadUInt16BigEndian(bytes);
        if (bytes.Length - lengthBytes < length)
        {
            return false;
        }

        vector = bytes.Slice(lengthBytes, length);
        bytes = bytes[(lengthBytes + length)..];
        return true;
    }
}
