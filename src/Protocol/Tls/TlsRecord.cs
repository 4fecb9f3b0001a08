using System.Buffers.Binary;

namespace FastPush.Protocol.Tls;

/// <summary>What a record carries (RFC 8446 section 5.1).</summary>
public enum TlsContent : byte
{
    ChangeCipherSpec = 20,
    Alert = 21,
    Handshake = 22,
    ApplicationData = 23,
}

/// <summary>
/// The frame of a protected record (RFC 8446 section 5.2): a header of 5 bytes, then the encrypted content, its type and perhaps
/// padding, then the tag.
/// </summary>
public static class TlsRecord
{
    public const int HeaderBytes = 5;
    public const int TagBytes = 16;

    /// <summary>Content of a record, at most.</summary>
    public const int ContentBytesMax = 1 << 14;

    /// <summary>What a record is longer than its content, without padding.</summary>
    public const int OverheadBytes = HeaderBytes + 1 + TagBytes;

    /// <summary>What may stand behind the header, at most.</summary>
    public const int BodyBytesMax = ContentBytesMax + 256;

    /// <summary>Writes the header of a protected record; it is the AEAD's additional data too.</summary>
    public static void WriteHeader(Span<byte> record, int bodyBytes)
    {
        record[0] = (byte)TlsContent.ApplicationData;
        record[1] = 3;
        record[2] = 3;
        BinaryPrimitives.WriteUInt16BigEndian(record[3..], (ushort)bodyBytes);
    }

    /// <summary>
    /// Reads the header of a protected record: <see cref="ParseStatus.NeedMore"/> also while the body is not all there, with
    /// <paramref name="bodyBytes"/> 0 until it is known. The version is ignored, as the RFC says.
    /// </summary>
    public static ParseStatus TryRead(ReadOnlySpan<byte> bytes, out int bodyBytes, out TlsAlert fault)
    {
        bodyBytes = 0;
        fault = TlsAlert.UnexpectedMessage;
        if (bytes.IsEmpty)
        {
            return ParseStatus.NeedMore;
        }

        if (bytes[0] != (byte)TlsContent.ApplicationData)
        {
            return ParseStatus.Malformed; // After the handshake everything is protected.
        }

        if (bytes.Length < HeaderBytes)
        {
            return ParseStatus.NeedMore;
        }

        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
        if (length > BodyBytesMax)
        {
            fault = TlsAlert.RecordOverflow;
            return ParseStatus.TooLarge;
        }

        if (length <= TagBytes)
        {
            fault = TlsAlert.BadRecordMac; // Too short to be what anybody encrypted.
            return ParseStatus.Malformed;
        }

        bodyBytes = length;
        return bytes.Length < HeaderBytes + length ? ParseStatus.NeedMore : ParseStatus.Done;
    }

    /// <summary>Finds the type behind the content and in front of the padding of what was decrypted.</summary>
    public static bool TryReadInner(ReadOnlySpan<byte> inner, out TlsContent type, out int contentBytes, out TlsAlert fault)
    {
        type = default;
        var end = inner.LastIndexOfAnyExcept((byte)0);
        contentBytes = Math.Max(end, 0);
        fault = inner.Length > ContentBytesMax + 1 ? TlsAlert.RecordOverflow : TlsAlert.UnexpectedMessage;
        if (inner.Length > ContentBytesMax + 1 || end < 0)
        {
            return false;
        }

        type = (TlsContent)inner[end];
        return true;
    }
}
