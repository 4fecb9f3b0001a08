using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>Deliveries that are to be acknowledged share an encoding where their <c>ack</c> headers are equal, and only there.</summary>
[Collection(NodeCollection.Name)]
public sealed class SharedAckEncodingTests : IDisposable
{
    private const string Individual = "ack:client-individual\n";

    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Each_subscriber_gets_the_ack_of_its_own_window()
    {
        var early = Enumerable.Range(0, 3).Select(_ => _node.Connect().Subscribe("/topic/a", Individual)).ToList();
        var bob = _node.Connect("bob");
        bob.Publish("/topic/a", "1");
        var late = _node.Connect().Subscribe("/topic/a", Individual);
        var second = _node.Connect().Subscribe("/topic/other").Subscribe("/topic/a", Individual, id: "1");
        bob.Send("SEND\ndestination:/topic/a\n\n2", "SEND\ndestination:/topic/a\n\n3");
        Assert.All(early, client => Assert.Equal([("1", "1-1"), ("2", "1-2"), ("3", "1-3")], Acks(client)));
        Assert.Equal([("2", "1-1"), ("3", "1-2")], Acks(late));
        Assert.Equal([("2", "2-1"), ("3", "2-2")], Acks(second));
    }

    [Fact]
    public void Automatic_and_older_subscribers_get_no_ack_header()
    {
        var auto = _node.Connect().Subscribe("/topic/a");
        var acked = _node.Connect().Subscribe("/topic/a", Individual);
        var older = _node.Connect(versions: "1.1").Subscribe("/topic/a", Individual);
        var again = _node.Connect().Subscribe("/topic/a");
        _node.Connect("bob").Publish("/topic/a", "x");
        Assert.Equal([("x", "")], Acks(auto));
        Assert.Equal([("x", "1-1")], Acks(acked));
        Assert.Equal([("x", "")], Acks(older));
        Assert.Equal([("x", "")], Acks(again));
    }

    [Fact]
    public void A_run_that_the_window_does_not_hold_waits_for_acknowledgements()
    {
        var client = _node.Connect().Subscribe("/topic/a", Individual + "prefetch-count:3\n");
        var bob = _node.Connect("bob");
        bob.Send([.. Enumerable.Range(1, 2).Select(i => $"SEND\ndestination:/topic/a\n\n{i}")]);
        bob.Send([.. Enumerable.Range(3, 3).Select(i => $"SEND\ndestination:/topic/a\n\n{i}")]);
        Assert.Equal([("1", "1-1"), ("2", "1-2"), ("3", "1-3")], Acks(client));
        client.Send($"ACK\nid:{client.AckId("1-2")}\n\n", $"ACK\nid:{client.AckId("1-1")}\nsubscription:0\n\n");
        Assert.Equal([("4", "1-4"), ("5", "1-5")], Acks(client));
    }

    [Fact]
    public void What_is_to_be_repeated_goes_before_what_comes()
    {
        var client = _node.Connect().Subscribe("/topic/a", Individual);
        var other = _node.Connect().Subscribe("/topic/a", Individual);
        var bob = _node.Connect("bob");
        bob.Publish("/topic/a", "1");
        client.Nack(client.Next());
        bob.Publish("/topic/a", "2");
        var messages = client.Take();
        Assert.Equal(
            [("1", client.AckId("1-1"), "true"), ("2", client.AckId("1-2"), "")],
            messages.Select(m => (m.Body, m["ack"], m["redelivered"])));
        Assert.Equal([("1", "1-1"), ("2", "1-2")], Acks(other));
    }

    [Fact]
    public void An_acknowledgement_that_frees_nothing_to_send_sends_nothing()
    {
        var client = _node.Connect().Subscribe("/topic/a", Individual);
        _node.Connect("bob").Publish("/topic/a", "1");
        client.Ack(client.Next());
        Assert.Empty(client.Take());
        Assert.Equal(1, _node.Node.Metrics.MessagesAcked);
        Assert.Equal(1, _node.Node.Metrics.MessagesDelivered);
    }

    [Fact]
    public void A_link_that_dies_under_the_send_gives_the_user_s_messages_back()
    {
        var alice = _node.Connect().Subscribe("/user/queue/q", Individual);
        alice.Link.IsDead = true;
        _node.Connect("bob").Publish("/user/alice/queue/q", "1");
        alice.End();
        var message = _node.Connect().Subscribe("/user/queue/q", Individual).Next();
        Assert.Equal("1", message.Body);
    }

    private static (string Body, string Ack)[] Acks(StompClient client) => [.. client.Take().Select(m => (m.Body, Own(client, m["ack"])))];

    // Behind the session's part, which must be the client's own.
    private static string Own(StompClient client, string ack)
    {
        if (ack.Length > 0)
        {
            Assert.StartsWith(client.AckId(""), ack, StringComparison.Ordinal);
        }

        return ack.Length == 0 ? "" : ack[client.AckId("").Length..];
    }
}
