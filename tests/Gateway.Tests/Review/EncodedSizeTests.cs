using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;
using FastPush.Protocol.Stomp;

namespace FastPush.Gateway.Tests.Review;

/// <summary>The room that is made for a message is enough, to the byte: one byte over it would end a whole batch.</summary>
[Collection(NodeCollection.Name)]
public sealed class EncodedSizeTests
{
    [Fact]
    public void Every_small_body_fits_into_its_size()
    {
        foreach (var format in Enum.GetValues<WireFormat>())
        {
            Fits(format);
        }
    }

    private static void Fits(WireFormat format)
    {
        using var node = new TestNode();
        var session = new Session(node.Node, new MemoryLink(), format, 1);
        var head = node.Node.Heads.Get("0"u8);
        var subscription = new Subscription(
            session, new Topic("/topic/a"u8.ToArray(), null, null), int.MaxValue, head, AckMode.Client, OverflowPolicy.Close);
        for (var length = 0; length < 300; length++)
        {
            foreach (var filler in new byte[] { (byte)'x', (byte)'\n', (byte)'\r', 0xFF })
            {
                var body = new byte[length];
                body.AsSpan().Fill(filler);
                var payload = Render(node, body, isText: length == 0 || filler != 0xFF);
                var room = new byte[MessageEncoder.SizeMax(subscription, payload)];
                Assert.InRange(MessageEncoder.Write(room, subscription, payload, long.MaxValue, redelivered: true), 1, room.Length);
                payload.Release();
            }
        }
    }

    private static Payload Render(TestNode node, byte[] body, bool isText)
    {
        const long Id = long.MaxValue;
        var lines = "a:\\\\\\c\\n\\r\n"u8;
        var payload = node.Node.Pool.TryRent(MessageTail.Size(8, lines.Length, body.Length))!;
        var length = MessageTail.Write(payload.Writable, Id, "/topic/a"u8, Id, lines, body, out var headersStart, out var bodyStart);
        payload.Seal(Id, 1, length, headersStart, bodyStart, isText);
        return payload;
    }
}
