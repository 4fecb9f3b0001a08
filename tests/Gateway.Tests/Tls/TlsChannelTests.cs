using System.Net;
using System.Net.Sockets;
using FastPush.Gateway.Engine;
using FastPush.Gateway.Engine.Tls;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Tls;

namespace FastPush.Gateway.Tests.Tls;

/// <summary>The way out over a real socket whose other end reads when the test says so.</summary>
[Collection(NodeCollection.Name)]
public sealed class TlsChannelTests
{
    private static TrafficKey Key() => new(TlsSuite.Aes128Gcm, new byte[32]);

    [Theory]
    [InlineData(TlsRecord.ContentBytesMax)]
    [InlineData(512)] // The least that max_fragment_length asks for (RFC 6066 section 4).
    public async Task Partial_writes_and_new_keys_keep_every_byte_in_order_and_records_in_their_size(int recordBytesMax)
    {
        const long recordsOfKey = 3;
        using var node = new TestNode { ChecksBytes = false };
        using var loop = new EventLoop(node.Node, new EngineTable(), 0);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var reader = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await reader.ConnectAsync(listener.LocalEndpoint, Deadline.Token());
        var writer = await listener.AcceptSocketAsync(Deadline.Token());
        var fd = (int)writer.SafeHandle.DangerousGetHandle();
        var channel = new TlsChannel(loop, fd, 0, Key(), recordBytesMax, recordsOfKey);

        var content = new byte[16 << 20];
        new Random(7).NextBytes(content);
        var receiver = new TlsReceiver(Key(), recordBytesMax); // A larger record is a fault to it.
        var got = new MemoryStream();
        var buffer = new byte[128 << 10];
        var (taken, refusals) = (0, 0);
        while (got.Length < content.Length)
        {
            var more = channel.TrySend(content.AsSpan(taken));
            Assert.True(more >= 0);
            taken += more;
            refusals += taken < content.Length ? 1 : 0;
            channel.OnWritable();
            var kept = receiver.Restore(buffer);
            var read = await reader.ReceiveAsync(buffer.AsMemory(kept), Deadline.Token());
            ReadAll(receiver, buffer.AsSpan(0, kept + read), got);
        }

        Assert.Equal(content, got.ToArray());
        Assert.True(refusals > 0, "the socket took everything at once");
        channel.EndSend();
        var end = await reader.ReceiveAsync(buffer, Deadline.Token());
        Assert.Equal(TlsInput.Closed, Last(receiver, buffer.AsSpan(0, end)));
        Assert.Equal(-1, channel.TrySend("late"u8));
        Assert.Equal(0, await reader.ReceiveAsync(buffer, Deadline.Token()));
        writer.SafeHandle.SetHandleAsInvalid(); // The channel closes it.
        channel.Close();
        receiver.Clear();
    }

    private static void ReadAll(TlsReceiver receiver, Span<byte> bytes, MemoryStream got)
    {
        TlsInput input;
        while ((input = receiver.Next(ref bytes, out var data, out _)) != TlsInput.NeedMore)
        {
            Assert.Equal(TlsInput.Data, input);
            got.Write(data);
        }

        receiver.Keep(bytes);
    }

    // Behind a KeyUpdate, if one was due.
    private static TlsInput Last(TlsReceiver receiver, Span<byte> bytes)
    {
        var input = TlsInput.Data;
        while (input == TlsInput.Data)
        {
            input = receiver.Next(ref bytes, out _, out _);
        }

        return input;
    }
}
