using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Memory;

/// <summary>Those who do not say who they are have one share together, and in it the oldest make room.</summary>
[Collection(NodeCollection.Name)]
public sealed class StrangerTests
{
    private const long MemoryBytes = 4 << 20;
    private const long ShareBytes = MemoryBytes / 16;

    private static readonly string s_begun = "CONNECT\naccept-version:1.2\nx:" + new string('x', 8_000) + "\ny:" + new string('y', 7_000);

    private static TestNode New() =>
        new(o => o with { Limits = o.Limits with { MessageMemoryBytes = MemoryBytes } }) { ChecksBytes = false };

    private static StompClient Begin(TestNode node)
    {
        var client = node.Open(null);
        client.Raw([.. ClientBytes.Stomp(s_begun).SkipLast(1)]);
        return client;
    }

    [Fact]
    public void Unfinished_CONNECTs_are_bounded_together_and_the_oldest_go()
    {
        using var node = New();
        List<StompClient> strangers = [];
        for (var i = 0; i < 300; i++)
        {
            node.Advance(1);
            strangers.Add(Begin(node));
            Assert.InRange(node.Node.Strangers.Share.Bytes, 0, (ShareBytes * 5 / 4) + (16 << 10));

            // The engine's thread sees those that were aborted, and ends them.
            foreach (var gone in strangers.Where(client => client.Link.IsAborted))
            {
                gone.End();
            }
        }

        Assert.InRange(node.Node.Memory.TakenBytes, ShareBytes / 2, (ShareBytes * 5 / 4) + (16 << 10));
        Assert.Equal(CloseReason.Overload, strangers[0].Session.Reason);
        Assert.Equal("overload", strangers[0].Take().Single(frame => frame.Command == "ERROR")["message"]);
        Assert.Equal(SessionState.Connecting, strangers[^1].Session.State);

        // Whoever says who they are gets in, in pieces too, and messages go on.
        var alice = node.Open(node.Principal("alice"));
        foreach (var part in ClientBytes.Stomp("CONNECT\naccept-version:1.2\nhost:x\n\n").Chunk(9))
        {
            alice.Raw(part);
        }

        Assert.Equal("CONNECTED", alice.Next().Command);
        alice.Subscribe("/topic/t").Publish("/topic/t", "hello");
        Assert.Equal(["hello"], alice.TakeBodies());
        node.Advance(node.Node.Options.Limits.ConnectTimeoutMs + 10_000);
        strangers.ForEach(client => client.End());
        Assert.Equal(0, node.Node.Strangers.Share.Bytes);
        Assert.Equal(0, node.Node.Memory.TakenBytes);
    }

    [Fact]
    public void A_CONNECT_has_at_most_16_KiB_of_headers()
    {
        using var node = New();
        var client = node.Open(null);
        client.Raw([.. ClientBytes.Stomp($"{s_begun}\nz:{new string('z', 4_000)}").SkipLast(1)]);
        Assert.Equal("headers too long", client.ExpectRefusal(1009)["message"]);
    }

    [Fact]
    public void What_comes_behind_a_CONNECT_is_the_users()
    {
        using var node = New();
        var client = node.Open(node.Principal("alice", perSecond: 1));
        var bytes = ClientBytes.Stomp("CONNECT\naccept-version:1.2\nhost:x\n\n")
            .Concat(ClientBytes.Stomp("SEND\ndestination:/topic/t\ncontent-length:5000\n\nbegun").SkipLast(1)).ToArray();
        client.Raw(bytes[..20]);
        Assert.NotEqual(0, node.Node.Strangers.Share.Bytes);
        client.Raw(bytes[20..]);
        Assert.Equal(0, node.Node.Strangers.Share.Bytes);
        Assert.NotEqual(0, node.Node.Users.Bytes);
    }
}
