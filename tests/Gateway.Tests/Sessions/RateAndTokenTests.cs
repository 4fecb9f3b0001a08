using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>What a token allows, and for how long.</summary>
[Collection(NodeCollection.Name)]
public sealed class RateAndTokenTests : IDisposable
{
    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void A_burst_is_taken_and_one_more_is_refused()
    {
        var client = _node.Open(_node.Principal(burst: 3, perSecond: 1));
        client.Connect();
        for (var i = 0; i < 3; i++)
        {
            client.Publish("/topic/a", "x");
        }

        Assert.Empty(client.Take());
        client.Publish("/topic/a", "x", "receipt:r\n");
        var error = client.ExpectRefusal(1008);
        Assert.Equal(("rate limit", "r"), (error["message"], error["receipt-id"]));
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.RateLimit));
        Assert.Equal(3, _node.Node.Metrics.MessagesPublished);
    }

    [Fact]
    public void Tokens_come_back_with_time()
    {
        var client = _node.Open(_node.Principal(burst: 2, perSecond: 10));
        client.Connect();
        for (var i = 0; i < 50; i++)
        {
            client.Publish("/topic/a", "x");
            _node.Advance(100);
        }

        Assert.Empty(client.Take());
        Assert.Equal(SessionState.Open, client.Session.State);
    }

    [Fact]
    public void A_user_has_one_bucket_over_all_connections_and_reconnecting_does_not_fill_it()
    {
        var first = _node.Open(_node.Principal(burst: 2, perSecond: 1));
        first.Connect();
        first.Publish("/topic/a", "x");
        first.Publish("/topic/a", "x");
        first.End();
        var second = _node.Open(_node.Principal(burst: 2, perSecond: 1));
        second.Connect();
        second.Publish("/topic/a", "x");
        second.ExpectRefusal(1008);
    }

    [Fact]
    public void A_token_that_ends_closes_the_connection()
    {
        var client = _node.Open(_node.Principal(ttlSeconds: 60));
        client.Connect();
        _node.Advance(59_500);
        Assert.Empty(client.Take());
        _node.Advance(1_000);
        Assert.Equal("token expired", client.ExpectRefusal(1008)["message"]);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.TokenExpired));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Bearer ")]
    public void A_new_token_in_time_keeps_it_open(string prefix)
    {
        var client = _node.Open(_node.Principal("alice", ttlSeconds: 60));
        client.Connect();
        _node.Advance(50_000);
        client.Send($"SEND\ndestination:/fastpush/token\nreceipt:r\n\n{prefix}{TestNode.Token("alice", ttlSeconds: 600)}");
        Assert.Equal("r", client.Next()["receipt-id"]);
        _node.Advance(540_000);
        Assert.Empty(client.Take());
        _node.Advance(20_000);
        client.ExpectRefusal(1008);
    }

    [Theory]
    [InlineData("bob")]
    [InlineData(null)]
    public void A_new_token_of_somebody_else_or_a_bad_one_ends_it(string? user)
    {
        var client = _node.Connect();
        client.Send($"SEND\ndestination:/fastpush/token\nreceipt:r\n\n{(user is null ? "nonsense" : TestNode.Token(user))}");
        var error = client.ExpectRefusal(1008);
        Assert.Equal(("unauthorized", "r"), (error["message"], error["receipt-id"]));
    }

    [Fact]
    public void A_new_token_changes_what_is_allowed()
    {
        var client = _node.Open(_node.Principal(channels: """{"subscribe":[],"publish":[]}"""));
        client.Connect();
        client.Send($"SEND\ndestination:/fastpush/token\n\n{TestNode.Token("alice")}");
        client.Publish("/topic/a", "x");
        Assert.Empty(client.Take());
    }
}
