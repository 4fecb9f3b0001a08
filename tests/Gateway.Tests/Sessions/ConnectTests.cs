using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

[Collection(NodeCollection.Name)]
public sealed class ConnectTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("1.2", "1.2")]
    [InlineData("1.0,1.1,1.2", "1.2")]
    [InlineData("1.1, 1.0", "1.1")]
    [InlineData("1.0", "1.0")]
    [InlineData("3.1,1.1,2.0", "1.1")]
    public void The_highest_version_that_both_know_is_taken(string offered, string taken)
    {
        var connected = _node.Open(_node.Principal()).Connect(offered);
        Assert.Equal(taken, connected["version"]);
        Assert.Equal("10000,10000", connected["heart-beat"]);
        Assert.Equal("alice", connected["user-name"]);
        Assert.NotEqual("", connected["session"]);
        Assert.NotEqual("", connected["server"]);
    }

    [Theory]
    [InlineData("CONNECT\n\n")]
    [InlineData("STOMP\nheart-beat:0,0\n\n")]
    public void A_client_without_accept_version_and_host_speaks_1_0(string connect)
    {
        var client = _node.Open(_node.Principal());
        client.Send(connect);
        Assert.Equal("1.0", client.Next()["version"]);
    }

    [Fact]
    public void CONNECT_is_answered_by_CONNECTED_and_then_its_receipt()
    {
        using var host = new TestNode();
        var client = host.Open(host.Principal());
        client.Send("CONNECT\naccept-version:1.2\nreceipt:r\\1\n\n");
        var frames = client.Take();
        Assert.Equal(["CONNECTED", "RECEIPT"], frames.Select(f => f.Command));
        Assert.Equal("r\\\\1", frames[1]["receipt-id"]); // As it stands on the wire: CONNECT's headers are not escaped, RECEIPT's are.
    }

    [Fact]
    public void A_version_that_nobody_speaks_is_refused_with_the_ones_that_are()
    {
        var client = _node.Open(_node.Principal());
        client.Send("CONNECT\naccept-version:2.0,9\nreceipt:r:\\1\n\n");
        var error = client.ExpectRefusal(1002);
        Assert.Contains("1.0 1.1 1.2", error.Body, StringComparison.Ordinal);
        Assert.Equal(("1.0,1.1,1.2", "r\\c\\\\1"), (error["version"], error["receipt-id"]));
    }

    [Fact]
    public void The_receipt_of_a_CONNECT_may_be_as_long_as_a_header_line()
    {
        var receipt = new string(':', 8000);
        var client = _node.Open(_node.Principal());
        client.Send($"CONNECT\naccept-version:1.2\nreceipt:{receipt}\n\n");
        Assert.Equal(receipt.Replace(":", "\\c", StringComparison.Ordinal), client.Take()[1]["receipt-id"]);
    }

    [Theory]
    [InlineData("x,0")]
    [InlineData("10")]
    [InlineData("-1,0")]
    [InlineData(",")]
    public void A_heart_beat_that_is_no_pair_of_numbers_is_refused(string heartBeat)
    {
        var client = _node.Open(_node.Principal());
        client.Send($"CONNECT\naccept-version:1.2\nheart-beat:{heartBeat}\n\n");
        Assert.Equal("bad heart-beat", client.ExpectRefusal(1002)["message"]);
    }

    [Fact]
    public void Nothing_is_known_of_a_client_before_CONNECT_and_its_user_is_online_after()
    {
        var client = _node.Open(_node.Principal("bob"));
        Assert.Equal(0, _node.Node.Metrics.ConnectionsActive);
        client.Connect();
        Assert.Equal(1, _node.Node.Metrics.ConnectionsActive);
        Assert.Equal(1, _node.Node.Users.Count);
        client.Send("DISCONNECT\n\n");
        Assert.Equal(0, _node.Node.Metrics.ConnectionsActive);
    }

    [Fact]
    public void A_connection_that_never_says_CONNECT_is_told_so_at_the_deadline()
    {
        var client = _node.Open(_node.Principal());
        _node.Advance(9_400);
        Assert.Empty(client.Take());
        _node.Advance(1_100);
        Assert.Equal("connect timeout", client.ExpectRefusal(1002)["message"]);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.ConnectTimeout));
    }

    [Fact]
    public void Heart_beats_before_CONNECT_do_not_move_the_deadline()
    {
        var client = _node.Open(_node.Principal());
        for (var i = 0; i < 8; i++)
        {
            client.Raw(ClientBytes.Frame(1, "\n"u8));
            _node.Advance(1500);
        }

        client.ExpectRefusal(1002);
    }

    [Fact]
    public void A_closing_peer_that_does_not_answer_is_cut_off()
    {
        var client = _node.Open(_node.Principal());
        client.Send("SEND\ndestination:/topic/a\n\n");
        client.ExpectRefusal(1002);
        Assert.False(client.Link.IsAborted);
        _node.Advance(6_000);
        Assert.True(client.Link.IsAborted);
        Assert.Equal(0, _node.Node.Sessions.Count);
    }

    [Theory]
    [InlineData("Authorization:Bearer ")]
    [InlineData("authorization:")]
    [InlineData("passcode:")]
    public void CONNECT_may_bring_the_token(string header)
    {
        var client = _node.Open(null);
        client.Send($"CONNECT\naccept-version:1.2\n{header}{TestNode.Token("carol")}\n\n");
        Assert.Equal("carol", client.Next()["user-name"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("passcode:nonsense\n")]
    [InlineData("passcode:\n")]
    [InlineData("Authorization:Bearer \n")]
    public void Without_a_token_that_is_good_CONNECT_is_refused(string header)
    {
        var client = _node.Open(null);
        client.Send($"CONNECT\naccept-version:1.2\n{header}\n");
        Assert.Equal("unauthorized", client.ExpectRefusal(1008)["message"]);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.Unauthorized));
    }

    [Fact]
    public void The_token_of_the_upgrade_comes_before_that_of_CONNECT()
    {
        var client = _node.Open(_node.Principal("alice"));
        client.Send($"CONNECT\naccept-version:1.2\npasscode:{TestNode.Token("mallory")}\n\n");
        Assert.Equal("alice", client.Next()["user-name"]);
    }

    [Fact]
    public void DISCONNECT_is_answered_before_the_connection_closes_with_1000()
    {
        var client = _node.Connect();
        client.Send("DISCONNECT\nreceipt:bye\n\n");
        var frames = client.Take();
        Assert.Equal(["RECEIPT", "CLOSE"], frames.Select(f => f.Command));
        Assert.Equal("bye", frames[0]["receipt-id"]);
        Assert.Equal(1000, frames[1].Code);
        Assert.True(client.Link.IsEnded);
    }

    [Fact]
    public void A_close_frame_is_answered_with_its_code()
    {
        var client = _node.Connect();
        client.Raw(ClientBytes.Close(1001));
        Assert.Equal(1001, client.Next().Code);
        Assert.True(client.Connection.IsInputOver);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.PeerClosed));
    }

    [Fact]
    public void A_close_frame_without_a_code_is_answered_with_1000()
    {
        var client = _node.Connect();
        client.Raw(ClientBytes.Frame(8, []));
        Assert.Equal(1000, client.Next().Code);
    }

    [Fact]
    public void A_ping_is_answered_with_its_payload()
    {
        var client = _node.Connect();
        client.Raw(ClientBytes.Frame(9, "are you there"u8));
        Assert.Equal(("PONG", "are you there"), (client.Next() is var pong ? pong.Command : "", pong.Body));
    }

    [Fact]
    public void A_connection_that_dies_is_forgotten_at_the_next_send()
    {
        var client = _node.Connect().Subscribe("/topic/a");
        client.Link.Die();
        _node.Connect("bob").Publish("/topic/a", "x");
        Assert.Equal(1, _node.Node.Sessions.Count);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.PeerGone));
    }
}
