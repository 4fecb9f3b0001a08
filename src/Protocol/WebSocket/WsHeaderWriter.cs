using System.Buffers.Binary;

namespace FastPush.Protocol.WebSocket;

/// <summary>
/// Writes the header of a server's frame (RFC 6455 section 5.2): not masked, not fragmented, length in its shortest form.
/// </summary>
public static class WsHeaderWriter
{
    /// <summary>Longest header: 2 bytes and 8 of length.</summary>
    public const int MaxBytes = 10;

    private const byte FinBit = 0x80;
    private const byte Length16 = 126;
    private const byte Length64 = 127;

    /// <summary>Bytes of the header before a payload of <paramref name="payloadLength"/> bytes.</summary>
    public static int Size(int payloadLength) => payloadLength < Length16 ? 2 : payloadLength <= ushort.MaxValue ? 4 : MaxBytes;

    /// <summary>Bytes of the header that stands at the start of <paramref name="frame"/>.</summary>
    public static int SizeOf(ReadOnlySpan<byte> frame) => frame[1] < Length16 ? 2 : frame[1] == Length16 ? 4 : MaxBytes;

    /// <summary>Writes the header and returns its size; a <paramref name="destination"/> shorter than <see cref="Size"/> throws.</summary>
    public static int Write(Span<byte> destination, WsOpcode opcode, int payloadLength)
    {
        var size = Size(payloadLength);
        destination[0] = (byte)(FinBit | (byte)opcode);
        switch (size)
        {
            case 2:
                destination[1] = (byte)payloadLength;
                break;
            case 4:
                destination[1] = Length16;
                BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payloadLength);
                break;
            default:
                destination[1] = Length64;
                BinaryPrimitives.WriteUInt64BigEndian(destination[2..], (ulong)payloadLength);
                break;
        }

        return size;
    }
}
