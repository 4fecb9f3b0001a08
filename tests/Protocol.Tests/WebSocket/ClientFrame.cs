using System.Buffers.Binary;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.WebSocket;

/// <summary>Writes frames as a client does, byte by byte after RFC 6455 section 5.2.</summary>
internal static class ClientFrame
{
    public const uint Key = 0x3D21FA37; // 37 FA 21 3D on the wire, the key of the examples in section 5.7

    public static byte[] Make(WsOpcode opcode, ReadOnlySpan<byte> payload, bool fin = true, uint key = Key)
    {
        var form = payload.Length < 126 ? 1 : payload.Length <= ushort.MaxValue ? 2 : 8;
        var frame = new List<byte> { (byte)((fin ? 0x80 : 0) | (byte)opcode) };
        var length = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
        frame.Add((byte)(0x80 | (form == 1 ? payload.Length : form == 2 ? 126 : 127)));
        frame.AddRange(form == 1 ? [] : length[^form..]);
        byte[] keyBytes = [(byte)key, (byte)(key >> 8), (byte)(key >> 16), (byte)(key >> 24)];
        frame.AddRange(keyBytes);
        for (var i = 0; i < payload.Length; i++)
        {
            frame.Add((byte)(payload[i] ^ keyBytes[i % 4]));
        }

        return [.. frame];
    }

    public static byte[] Text(string text, bool fin = true) => Make(WsOpcode.Text, System.Text.Encoding.UTF8.GetBytes(text), fin);

    public static byte[] Close(ushort code, ReadOnlySpan<byte> reason = default) =>
        Make(WsOpcode.Close, [(byte)(code >> 8), (byte)code, .. reason]);

    /// <summary>Payload of <paramref name="length"/> bytes that are valid UTF-8 and differ from their neighbours.</summary>
    public static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)('a' + i % 23))];
}
