using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>STOMP 1.2, "Heart-beating".</summary>
[Collection(NodeCollection.Name)]
public sealed class HeartBeatTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("0,0", 0, 0)]
    [InlineData("0,5000", 8_000, 0)] // Sent a fifth earlier than the slower of both.
    [InlineData("0,20000", 16_000, 0)]
    [InlineData("5000,0", 0, 20_000)] // Missed after twice the slower of both.
    [InlineData("30000,0", 0, 60_000)]
    public void Each_direction_runs_at_the_slower_of_what_one_can_and_the_other_wants(string wish, int sendEvery, int expectWithin)
    {
        var client = _node.Connect(heartBeat: wish);
        Assert.Equal((sendEvery, expectWithin), (client.Session.SendEveryMs, client.Session.ExpectWithinMs));
    }

    [Fact]
    public void A_direction_that_the_server_has_switched_off_stays_off()
    {
        using var node = new TestNode(o => o with { HeartBeat = new() { SendMs = 0, WantMs = 0 } });
        var client = node.Open(node.Principal());
        Assert.Equal("0,0", client.Connect(heartBeat: "1000,1000")["heart-beat"]);
        Assert.Equal((0, 0), (client.Session.SendEveryMs, client.Session.ExpectWithinMs));
    }

    [Fact]
    public void An_idle_client_gets_a_beat_at_least_as_often_as_agreed()
    {
        var client = _node.Connect(heartBeat: "0,10000");
        for (var i = 0; i < 6; i++)
        {
            _node.Advance(10_000);
            Assert.Contains(client.Take(), f => f.Command == "BEAT");
        }
    }

    [Fact]
    public void A_client_that_wants_none_gets_none()
    {
        var client = _node.Connect(heartBeat: "0,0");
        _node.Advance(100_000);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void A_beat_does_not_overtake_what_waits()
    {
        var client = _node.Connect(heartBeat: "0,10000").Subscribe("/topic/a");
        client.Link.Block();
        _node.Connect("bob").Publish("/topic/a", "x");
        _node.Advance(30_000);
        client.Link.Unblock();
        Assert.Equal("MESSAGE", client.Take()[0].Command);
    }

    [Fact]
    public void A_silent_client_is_told_and_closed_after_twice_the_agreed_time()
    {
        var client = _node.Connect(heartBeat: "10000,0");
        _node.Advance(20_000);
        Assert.Empty(client.Take());
        _node.Advance(1_000);
        Assert.Equal("heart-beat missed", client.ExpectRefusal(1002)["message"]);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.HeartBeat));
    }

    [Theory]
    [InlineData(1, "\n")] // The beat of STOMP.
    [InlineData(9, "")] // A WebSocket ping.
    [InlineData(10, "")] // An unasked pong.
    public void Any_input_keeps_a_client(int opcode, string payload)
    {
        var client = _node.Connect(heartBeat: "10000,0");
        for (var i = 0; i < 10; i++)
        {
            _node.Advance(15_000);
            client.Raw(ClientBytes.Frame(opcode, System.Text.Encoding.UTF8.GetBytes(payload)));
        }

        Assert.Equal(SessionState.Open, client.Session.State);
    }

    [Fact]
    public void The_longest_times_that_fit_a_header_neither_close_nor_flood()
    {
        var client = _node.Connect(heartBeat: "2147483647,2147483647");
        _node.Advance(60_000);
        Assert.Empty(client.Take());
        Assert.Equal(SessionState.Open, client.Session.State);
    }
}
