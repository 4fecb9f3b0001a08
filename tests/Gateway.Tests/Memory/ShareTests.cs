using FastPush.Gateway.Auth;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Memory;

/// <summary>
/// Each way in which one user makes the node keep something, tried to its end: the one who fills a share is told, another goes on, and in
/// the end (which the test node checks) nobody answers for anything.
/// </summary>
[Collection(NodeCollection.Name)]
public sealed class ShareTests : IDisposable
{
    private const int FrameBytes = 16 << 10;
    private const long MemoryBytes = 4 << 20;
    private const long ShareBytes = MemoryBytes / 16;

    private readonly TestNode _node = new(o => o with
    {
        Limits = o.Limits with { MessageMemoryBytes = MemoryBytes, FrameBytes = FrameBytes, OutboxBytes = 256 << 10 },
    })
    { ChecksBytes = false };

    private readonly string _body = new('x', 10_000);

    public void Dispose() => _node.Dispose();

    private StompClient Connect(string user, double perSecond = 1_000_000, MemoryLink? link = null)
    {
        var client = _node.Open(_node.Principal(user, burst: 1_000_000, perSecond: perSecond), link);
        client.Connect();
        return client;
    }

    // Another user's messages come and go as always.
    private void OthersGoOn()
    {
        var waiting = _node.Node.Offline.Count;
        var bob = Connect("bob").Subscribe("/user/queue/q", "ack:client\n");
        Connect("carol").Publish("/user/bob/queue/q", "hello");
        var message = bob.Next();
        Assert.Equal("hello", message.Body);
        bob.Ack(message);
        Assert.Equal(waiting, _node.Node.Offline.Count);
    }

    private static int SendUntilRefused(StompClient client, Action send, int most)
    {
        var sent = 0;
        while (client.Session.State == SessionState.Open && sent < most)
        {
            send();
            sent++;
        }

        Assert.InRange(sent, 2, most - 1);
        return sent;
    }

    private void ExpectOverload(StompClient client)
    {
        var error = client.Take().Single(frame => frame.Command == "ERROR");
        Assert.Equal("overload", error["message"]);
        Assert.Contains("share", error.Body, StringComparison.Ordinal);
        Assert.InRange(_node.Node.Users.Bytes, 0, ShareBytes);
    }

    [Fact]
    public void Messages_to_absent_users_fill_the_share_of_who_sent_them()
    {
        var mallory = Connect("mallory");
        SendUntilRefused(mallory, () => mallory.Publish("/user/nobody/queue/q", _body), 100);
        ExpectOverload(mallory);
        OthersGoOn();

        // Coming back brings no room; what waits being taken does.
        var again = Connect("mallory");
        again.Publish("/user/nobody/queue/q", _body);
        ExpectOverload(again);
        var nobody = Connect("nobody").Subscribe("/user/queue/q");
        Assert.All(nobody.TakeBodies(), body => Assert.Equal(_body, body));
        var third = Connect("mallory");
        third.Publish("/user/nobody/queue/q", _body);
        Assert.Equal([_body], nobody.TakeBodies());
        Assert.Empty(third.Take());
    }

    [Fact]
    public void What_a_transaction_holds_back_fills_the_share_of_its_client()
    {
        var mallory = Connect("mallory");
        mallory.Send("BEGIN\ntransaction:t\n\n");
        SendUntilRefused(mallory, () => mallory.Publish("/topic/t", _body, "transaction:t\n"), 100);
        ExpectOverload(mallory);
        OthersGoOn();
        mallory.End();
        Assert.Equal(0, _node.Node.Users.Bytes - UsersAtRest());
    }

    [Fact]
    public void Frames_that_never_end_fill_the_share_of_who_began_them()
    {
        List<StompClient> began = [];
        for (var i = 0; i < 100; i++)
        {
            var client = Connect("mallory");
            client.Raw([.. ClientBytes.Stomp($"SEND\ndestination:/topic/t\ncontent-length:{FrameBytes}\n\n{_body}").SkipLast(1)]);
            began.Add(client);
        }

        Assert.InRange(_node.Node.Memory.TakenBytes, ShareBytes / 2, ShareBytes);
        ExpectOverload(began[^1]);
        OthersGoOn();
        began.ForEach(client => client.End());
        Assert.Equal(0, _node.Node.Memory.TakenBytes);
    }

    [Theory]
    [InlineData("client-individual")]
    [InlineData("client")]
    public void A_subscriber_that_does_not_acknowledge_is_closed_when_its_share_is_full(string ack)
    {
        var mallory = Connect("mallory");
        for (var i = 0; i < 8; i++)
        {
            mallory.Subscribe("/topic/t", $"ack:{ack}\nprefetch-count:1024\n", id: $"{i}");
        }

        var publisher = Connect("publisher", perSecond: 0);
        SendUntilRefused(mallory, () => publisher.Publish("/topic/t", _body), 100);
        var error = mallory.Take().Single(frame => frame.Command == "ERROR");
        Assert.Equal("slow consumer", error["message"]);
        Assert.Empty(publisher.Take());
        OthersGoOn();
    }

    [Fact]
    public void An_ack_window_is_bounded_in_bytes_and_what_is_behind_it_comes_with_the_acks()
    {
        var alice = Connect("alice").Subscribe("/user/queue/q", "ack:client-individual\nprefetch-count:1024\n");
        var publisher = Connect("publisher", perSecond: 0);
        for (var i = 0; i < 12; i++)
        {
            publisher.Publish("/user/alice/queue/q", _body);
        }

        var got = 0;
        for (var frames = alice.Take(); frames.Count > 0; frames = alice.Take())
        {
            Assert.InRange(alice.Session.Subscriptions.Items[0].Window!.Bytes, 0, (ShareBytes / 4) + (FrameBytes * 2));
            got += frames.Count;
            frames.ForEach(alice.Ack);
        }

        Assert.Equal(12, got);
    }

    [Fact]
    public void Connections_that_do_not_read_fill_the_share_of_their_user()
    {
        List<StompClient> slow = [];
        for (var i = 0; i < 40; i++)
        {
            slow.Add(Connect("mallory").Subscribe("/topic/t"));
            slow[^1].Link.Block();
        }

        var publisher = Connect("publisher", perSecond: 0);
        for (var i = 0; i < 4; i++)
        {
            publisher.Publish("/topic/t", _body);
            Assert.InRange(_node.Node.Memory.TakenBytes, 0, (ShareBytes * 5 / 4) + (2 * FrameBytes));
        }

        Assert.Contains(slow, client => client.Session.Reason == CloseReason.SlowConsumer);
        Assert.Empty(publisher.Take());
        OthersGoOn();
    }

    [Fact]
    public void Acknowledging_all_but_the_first_grows_a_window_in_the_share_alone()
    {
        var mallory = Connect("mallory").Subscribe("/topic/t", "ack:client-individual\nprefetch-count:64\n");
        var publisher = Connect("publisher", perSecond: 0);
        var before = _node.Node.Memory.TakenBytes;
        for (var i = 0; i < 2000; i++)
        {
            publisher.Publish("/topic/t", "x");
            foreach (var frame in mallory.Take().Skip(i == 0 ? 1 : 0))
            {
                mallory.Ack(frame);
            }
        }

        Assert.InRange(_node.Node.Memory.TakenBytes - before, 40_000, 60_000);
        mallory.Send("UNSUBSCRIBE\nid:0\n\n");
        Assert.Equal(before, _node.Node.Memory.TakenBytes);
    }

    [Fact]
    public void Subscriptions_fill_the_share_and_the_next_is_refused()
    {
        List<StompClient> clients = [];
        do
        {
            clients.Add(Connect("mallory"));
            for (var i = 0; i < 50 && clients[^1].Session.State == SessionState.Open; i++)
            {
                clients[^1].Subscribe("/topic/t", id: $"{i}");
            }
        }
        while (clients[^1].Session.State == SessionState.Open && clients.Count < 50);

        ExpectOverload(clients[^1]);
        OthersGoOn();
    }

    [Fact]
    public void What_was_not_acknowledged_is_its_users_while_it_waits_and_can_always_be_fetched()
    {
        var publisher = Connect("publisher", perSecond: 0);
        var alice = Connect("alice").Subscribe("/user/queue/q", "ack:client-individual\nprefetch-count:1024\n");
        for (var i = 0; i < 20; i++)
        {
            publisher.Publish("/user/alice/queue/q", _body);
        }

        alice.End();
        var user = _node.Node.Users.Enter(_node.Principal("alice", perSecond: 1));
        Assert.InRange(user.Bytes, 20 * 10_000, ShareBytes);
        _node.Node.Users.Leave(user);
        alice = Connect("alice").Subscribe("/user/queue/q");
        Assert.Equal(20, alice.TakeBodies().Length);
        Assert.Equal(UsersAtRest(), _node.Node.Users.Bytes);
    }

    [Fact]
    public void A_back_end_without_a_rate_has_the_whole_as_its_only_bound()
    {
        var backEnd = Connect("back end", perSecond: 0);
        SendUntilRefused(backEnd, () => backEnd.Publish($"/user/u{_node.Node.Offline.Count}/queue/q", _body), 1000);
        var error = backEnd.Take().Single(frame => frame.Command == "ERROR");
        Assert.Equal("overload", error["message"]);
        Assert.DoesNotContain("share", error.Body, StringComparison.Ordinal);
        Assert.InRange(_node.Node.Memory.Bytes, MemoryBytes - (2 * FrameBytes), MemoryBytes);

        // Whoever comes to take something away still gets in, though the frames come in pieces.
        var reader = _node.Open(_node.Principal("u7", burst: 100, perSecond: 10));
        foreach (var part in ClientBytes.Stomp("CONNECT\naccept-version:1.2\nhost:x\n\n").Concat(
            ClientBytes.Stomp("SUBSCRIBE\nid:0\ndestination:/user/queue/q\n\n")).Chunk(7))
        {
            reader.Raw(part);
        }

        Assert.Equal(["CONNECTED", "MESSAGE"], reader.Take().Select(frame => frame.Command));
    }

    // What users without a message answer for: their subscriptions.
    private long UsersAtRest()
    {
        var bytes = 0L;
        foreach (var session in _node.Node.Sessions.Slots)
        {
            foreach (var subscription in session is null ? [] : session.Subscriptions.Items)
            {
                bytes += subscription.Footprint;
            }
        }

        return bytes;
    }
}
