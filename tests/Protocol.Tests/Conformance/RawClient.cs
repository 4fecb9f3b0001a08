using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastPush.Protocol.WebSocket;

namespace FastPush.Protocol.Tests.Conformance;

/// <summary>A client that writes whatever bytes a test wants and reads frames with code of its own.</summary>
internal sealed class RawClient : IDisposable
{
    // Only so that a server that falls silent fails its test instead of hanging the run.
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _hang = new(Hang);
    private readonly TcpClient _tcp;
    private readonly NetworkStream _stream;

    private RawClient(TcpClient connected)
    {
        _tcp = connected;
        _stream = connected.GetStream();
    }

    public static async Task<RawClient> ConnectAsync(int port)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(IPAddress.Loopback, port);
        return new RawClient(tcp);
    }

    public static async Task<RawClient> OpenAsync(int port)
    {
        var client = await ConnectAsync(port);
        await client.SendAsync(Encoding.ASCII.GetBytes(
            "GET /any/path?x=y HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        var head = await client.ReceiveHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head, StringComparison.Ordinal);
        return client;
    }

    public async Task SendAsync(params byte[][] pieces)
    {
        foreach (var piece in pieces)
        {
            await _stream.WriteAsync(piece, _hang.Token);
        }
    }

    public Task SendByteByByteAsync(byte[] bytes) => SendAsync([.. bytes.Select(octet => new[] { octet })]);

    public async Task<string> ReceiveHeadAsync()
    {
        var head = new StringBuilder();
        var octet = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await _stream.ReadExactlyAsync(octet, _hang.Token);
            head.Append((char)octet[0]);
        }

        return head.ToString();
    }

    public async Task<string> ReceiveToEndAsync()
    {
        using var reader = new StreamReader(_stream, leaveOpen: true);
        return await reader.ReadToEndAsync(_hang.Token);
    }

    /// <summary>Reads one frame of a server: it must have FIN, no reserved bit and no mask.</summary>
    public async Task<(WsOpcode Opcode, byte[] Payload)> ReceiveAsync()
    {
        var start = await ReadAsync(2);
        Assert.Equal(0x80, start[0] & 0xF0);
        var length = start[1] switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(2)),
            127 => (int)BinaryPrimitives.ReadInt64BigEndian(await ReadAsync(8)),
            _ => start[1],
        };
        Assert.InRange(start[1], 0, 127);
        return ((WsOpcode)(start[0] & 0x0F), await ReadAsync(length));
    }

    public async Task ExpectAsync(WsOpcode opcode, byte[] payload)
    {
        var frame = await ReceiveAsync();
        Assert.Equal(opcode, frame.Opcode);
        Assert.True(payload.AsSpan().SequenceEqual(frame.Payload), $"{opcode} of {frame.Payload.Length} bytes instead of {payload.Length}");
    }

    /// <summary>
    /// The next frame closes with <paramref name="code"/>, and the server ends the connection when this side says that it has no more
    /// to send.
    /// </summary>
    public async Task ExpectCloseAsync(int code)
    {
        var (opcode, payload) = await ReceiveAsync();
        Assert.Equal(WsOpcode.Close, opcode);
        Assert.True(payload.Length >= 2, "a close frame without a code");
        Assert.Equal(code, BinaryPrimitives.ReadUInt16BigEndian(payload));
        _tcp.Client.Shutdown(SocketShutdown.Send);
        await ExpectEndAsync();
    }

    public async Task ExpectEndAsync() => Assert.Equal(0, await _stream.ReadAsync(new byte[1], _hang.Token));

    public void Dispose()
    {
        _tcp.Dispose();
        _hang.Dispose();
    }

    private async Task<byte[]> ReadAsync(int length)
    {
        var bytes = new byte[length];
        await _stream.ReadExactlyAsync(bytes, _hang.Token);
        return bytes;
    }
}
