using System.Buffers.Binary;

namespace FastPush.Load.Measuring;

/// <summary>
/// What stands at the start of every payload: <c>~~</c>, then in hexadecimal when the message was due (ns of the monotonic clock),
/// its destination, its publisher and its sequence number. Text, so that any server and JSON can carry it.
/// </summary>
internal readonly record struct Mark(long Due, int Destination, ushort Publisher, uint Sequence)
{
    public const int Bytes = 2 + (2 * RawBytes);
    private const int RawBytes = 8 + 4 + 2 + 4;

    public void Write(Span<byte> destination)
    {
        Span<byte> raw = stackalloc byte[RawBytes];
        BinaryPrimitives.WriteInt64BigEndian(raw, Due);
        BinaryPrimitives.WriteInt32BigEndian(raw[8..], Destination);
        BinaryPrimitives.WriteUInt16BigEndian(raw[12..], Publisher);
        BinaryPrimitives.WriteUInt32BigEndian(raw[14..], Sequence);
        destination[0] = destination[1] = (byte)'~';
        Convert.TryToHexString(raw, destination[2..], out _);
    }

    public static bool TryRead(ReadOnlySpan<byte> payload, out Mark mark)
    {
        mark = default;
        Span<byte> raw = stackalloc byte[RawBytes];
        if (payload.Length < Bytes
            || payload[0] != '~'
            || payload[1] != '~'
            || Convert.FromHexString(payload[2..Bytes], raw, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        mark = new Mark(
            BinaryPrimitives.ReadInt64BigEndian(raw),
            BinaryPrimitives.ReadInt32BigEndian(raw[8..]),
            BinaryPrimitives.ReadUInt16BigEndian(raw[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(raw[14..]));
        return true;
    }
}
