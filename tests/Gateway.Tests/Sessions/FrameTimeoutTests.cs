using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>A frame has 30 s from its first byte to its last, whatever it is that lacks its end, and whatever comes beside it.</summary>
[Collection(NodeCollection.Name)]
public sealed class FrameTimeoutTests : IDisposable
{
    private const string Send = "SEND\ndestination:/topic/a\n\n";

    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    private void AssertTimedOut(StompClient client)
    {
        Assert.Equal("frame timeout", client.ExpectRefusal(1008)["message"]);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.FrameTimeout));
    }

    public static TheoryData<byte[]> Beginnings => new()
    {
        ClientBytes.Stomp(Send + "half")[..^1], // The last byte of a WebSocket frame.
        ClientBytes.Frame(1, "SEND\ndestination:/topic/a\n\nhalf"u8), // Of a STOMP frame, in a whole WebSocket frame.
        ClientBytes.Frame(1, "SEND\ndestination:/topic/a\n\nwhole\0"u8, fin: false), // Of a WebSocket message.
        ClientBytes.Frame(1, ""u8, fin: false),
        ClientBytes.Frame(9, "ping"u8)[..^1],
        ClientBytes.Frame(9, "ping"u8)[..1],
        ClientBytes.Frame(8, [3, 232])[..^1],
    };

    [Theory]
    [MemberData(nameof(Beginnings))]
    public void What_lacks_its_end_is_closed_after_the_time(byte[] beginning)
    {
        var client = _node.Connect();
        client.Raw(beginning);
        _node.Advance(29_000);
        Assert.Empty(client.Take());
        _node.Advance(2_000);
        AssertTimedOut(client);
    }

    [Fact]
    public void Bytes_one_by_one_do_not_prolong_it()
    {
        var client = _node.Connect();
        client.Raw(ClientBytes.Frame(1, System.Text.Encoding.ASCII.GetBytes(Send)));
        for (var i = 0; i < 29; i++)
        {
            client.Raw(ClientBytes.Frame(1, "x"u8));
            _node.Advance(1_000);
        }

        Assert.Empty(client.Take());
        _node.Advance(2_000);
        AssertTimedOut(client);
    }

    [Fact]
    public void Pings_and_heart_beats_between_fragments_do_not_prolong_it()
    {
        var client = _node.Connect();
        client.Raw(ClientBytes.Frame(1, "\n"u8, fin: false));
        for (var i = 0; i < 31 && client.Session.State == SessionState.Open; i++)
        {
            client.Raw([.. ClientBytes.Frame(9, "p"u8), .. ClientBytes.Frame(0, "\n"u8, fin: false)]);
            Assert.All(client.Take(), f => Assert.Equal("PONG", f.Command));
            _node.Advance(29_000 / 31);
        }

        _node.Advance(2_000);
        AssertTimedOut(client);
    }

    [Fact]
    public void Who_sends_without_pause_has_the_time_for_each_frame()
    {
        var client = _node.Connect();
        byte[] frame = ClientBytes.Stomp(Send + "body");
        client.Raw(frame[..20]);
        for (var i = 0; i < 10; i++)
        {
            _node.Advance(20_000);
            client.Raw([.. frame[20..], .. frame[..20]]);
        }

        client.Raw(frame[20..]);
        _node.Advance(100_000);
        Assert.Empty(client.Take());
        Assert.Equal(11, _node.Node.Metrics.MessagesPublished);
    }

    [Fact]
    public void The_time_is_an_option()
    {
        using var node = new TestNode(o => o with { Limits = o.Limits with { FrameTimeoutMs = 2_000 } });
        var client = node.Connect();
        client.Raw(ClientBytes.Stomp(Send)[..^1]);
        node.Advance(3_000);
        Assert.Equal("frame timeout", client.ExpectRefusal(1008)["message"]);
    }
}
