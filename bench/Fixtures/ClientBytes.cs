using System.Buffers.Binary;
using System.Text;
using FastPush.Protocol.WebSocket;

namespace FastPush.Bench.Fixtures;

/// <summary>
/// WebSocket frames of a client. Their masking key is 0: unmasking costs what it always costs, and leaves the bytes as they were for
/// the next operation.
/// </summary>
internal static class ClientBytes
{
    private const byte Fin = 0x80;
    private const byte Mask = 0x80;

    /// <summary>A STOMP frame (without its NUL) in a text message of its own.</summary>
    public static byte[] Stomp(string frame) => Frame(WsOpcode.Text, Encoding.UTF8.GetBytes(frame + "\0"));

    public static byte[] Frame(WsOpcode opcode, ReadOnlySpan<byte> payload)
    {
        var length = payload.Length < 126 ? 0 : payload.Length <= ushort.MaxValue ? 2 : 8;
        var bytes = new byte[2 + length + 4 + payload.Length];
        bytes[0] = (byte)(Fin | (byte)opcode);
        bytes[1] = (byte)(Mask | (length == 0 ? payload.Length : length == 2 ? 126 : 127));
        if (length == 2)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)payload.Length);
        }
        else if (length == 8)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(2), payload.Length);
        }

        payload.CopyTo(bytes.AsSpan(2 + length + 4));
        return bytes;
    }

    /// <summary>A SEND as a publisher of this size of body writes it, without its NUL.</summary>
    public static string Send(string destination, int bodyBytes) =>
        $"SEND\ndestination:{destination}\ncontent-type:application/json\ntrace:4bf92f3577b34da6\ncontent-length:{bodyBytes}\n\n"
        + new string('x', bodyBytes);
}
