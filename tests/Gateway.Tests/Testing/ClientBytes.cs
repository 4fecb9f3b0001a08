using System.Buffers.Binary;
using System.Text;
using FastPush.Protocol.WebSocket;

namespace FastPush.Gateway.Tests.Testing;

/// <summary>WebSocket frames as clients send them.</summary>
internal static class ClientBytes
{
    private const uint MaskKey = 0x5A17C3E9;

    /// <summary>A STOMP frame (without its NUL) in a text message of its own.</summary>
    public static byte[] Stomp(string frame) => Frame(1, Encoding.UTF8.GetBytes(frame + "\0"));

    /// <summary>A masked frame.</summary>
    public static byte[] Frame(int opcode, ReadOnlySpan<byte> payload, bool fin = true)
    {
        var head = payload.Length < 126 ? 2 : payload.Length < 65536 ? 4 : 10;
        var bytes = new byte[head + 4 + payload.Length];
        bytes[0] = (byte)((fin ? 0x80 : 0) | opcode);
        bytes[1] = (byte)(0x80 | (head == 2 ? payload.Length : head == 4 ? 126 : 127));
        if (head == 4)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)payload.Length);
        }
        else if (head == 10)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(2), payload.Length);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(head), MaskKey);
        payload.CopyTo(bytes.AsSpan(head + 4));
        WsMask.Apply(bytes.AsSpan(head + 4), MaskKey, 0);
        return bytes;
    }

    public static byte[] Close(int code)
    {
        var payload = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        return Frame(8, payload);
    }
}
