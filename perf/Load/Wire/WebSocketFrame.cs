using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace FastPush.Load.Wire;

/// <summary>The client's side of RFC 6455 frames, section 5.2.</summary>
internal static class WebSocketFrame
{
    public const int Text = 1;
    public const int Close = 8;
    public const int Ping = 9;
    public const int Pong = 10;

    public const int HeaderBytesMax = 14;

    // RFC 6455 wants a fresh key against proxies that are not here; a constant one costs the same to unmask.
    private const uint MaskKey = 0x5ac3_1e87;

    /// <summary>Writes a masked frame; returns its length.</summary>
    public static int Write(Span<byte> destination, int opcode, ReadOnlySpan<byte> payload)
    {
        var at = 2;
        destination[0] = (byte)(0x80 | opcode);
        if (payload.Length < 126)
        {
            destination[1] = (byte)(0x80 | payload.Length);
        }
        else if (payload.Length <= ushort.MaxValue)
        {
            destination[1] = 0x80 | 126;
            BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)payload.Length);
            at = 4;
        }
        else
        {
            destination[1] = 0x80 | 127;
            BinaryPrimitives.WriteUInt64BigEndian(destination[2..], (ulong)payload.Length);
            at = 10;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(destination[at..], MaskKey);
        at += 4;
        Mask(payload, destination.Slice(at, payload.Length));
        return at + payload.Length;
    }

    /// <summary>
    /// Reads a server's frame header. False: not all there yet. A header that a server must not send (masked, reserved bits,
    /// over 2^30 bytes) gives a negative <paramref name="length"/>.
    /// </summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, out int opcode, out bool final, out int header, out int length)
    {
        opcode = 0;
        final = false;
        header = 2;
        length = 0;
        if (bytes.Length < 2)
        {
            return false;
        }

        var code = bytes[1] & 0x7f;
        header = code switch { 126 => 4, 127 => 10, _ => 2 };
        if (bytes.Length < header)
        {
            return false;
        }

        opcode = bytes[0] & 0x0f;
        final = (bytes[0] & 0x80) != 0;
        var size = code switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            127 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            _ => (ulong)code,
        };
        length = (bytes[0] & 0x70) != 0 || (bytes[1] & 0x80) != 0 || size > 1 << 30 ? -1 : (int)size;
        return true;
    }

    private static void Mask(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var keys = new Vector<uint>(BitConverter.IsLittleEndian ? MaskKey : BinaryPrimitives.ReverseEndianness(MaskKey));
        var wide = from.Length / Vector<byte>.Count * Vector<byte>.Count;
        var source = MemoryMarshal.Cast<byte, Vector<uint>>(from[..wide]);
        var target = MemoryMarshal.Cast<byte, Vector<uint>>(to[..wide]);
        for (var i = 0; i < source.Length; i++)
        {
            target[i] = source[i] ^ keys;
        }

        for (var i = wide; i < from.Length; i++)
        {
            to[i] = (byte)(from[i] ^ (byte)(MaskKey >> (8 * (i & 3))));
        }
    }
}
