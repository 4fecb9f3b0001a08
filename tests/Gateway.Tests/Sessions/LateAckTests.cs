using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Deliveries;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>An ACK or NACK that comes late, or on another connection, settles nothing that it did not mean.</summary>
[Collection(NodeCollection.Name)]
public sealed class LateAckTests : IDisposable
{
    private const string Queue = "/user/queue/q";

    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("client-individual", "ACK", "")]
    [InlineData("client-individual", "NACK", "")]
    [InlineData("client", "ACK", "")]
    [InlineData("client", "NACK", "")]
    [InlineData("client", "ACK", "receipt:r\n")]
    [InlineData("client-individual", "ACK", "transaction:t\n")]
    [InlineData("client", "NACK", "transaction:t\n")]
    public void Of_an_earlier_connection(string mode, string command, string headers)
    {
        var early = Subscribed(mode);
        _node.Connect("bob").Publish("/user/alice/queue/q", "first");
        var first = early.Next();
        var old = first["ack"];
        early.Ack(first);
        early.End();
        var late = Subscribed(mode);
        _node.Connect("bob").Publish("/user/alice/queue/q", "second");
        var second = late.Next();

        // The same subscription and the same place in its window as once; only the session differs.
        late.Send("BEGIN\ntransaction:t\n\n", $"{command}\nid:{old}\n{headers}\n", "COMMIT\ntransaction:t\n\n");
        Assert.DoesNotContain(late.Take(), frame => frame.Command != "RECEIPT");
        Assert.Equal(DeliveryState.Delivered, _node.StateOf(second["message-id"], "alice"));
        late.End();
        Assert.Equal("second", Assert.Single(Subscribed(mode).TakeBodies()));
    }

    [Fact]
    public void In_one_read_with_those_that_count()
    {
        var early = Subscribed("client-individual");
        Publish(3);
        var old = early.Take().ConvertAll(m => m["ack"]);
        early.End();
        var late = Subscribed("client-individual");
        var open = late.Take();
        late.Send($"ACK\nid:{open[0]["ack"]}\n\n", $"ACK\nid:{old[1]}\n\n", $"ACK\nid:{open[2]["ack"]}\n\n", $"ACK\nid:{old[1]}\n\n");
        Assert.Equal(
            [DeliveryState.Acked, DeliveryState.Delivered, DeliveryState.Acked],
            open.Select(m => _node.StateOf(m["message-id"], "alice")!.Value));
    }

    [Fact]
    public void Of_another_user_and_of_the_same_user_s_other_tab()
    {
        var tab = Subscribed("client");
        var other = Subscribed("client");
        var eve = _node.Connect("eve").Subscribe(Queue, "ack:client\n");
        Publish(1);
        var message = tab.Next();
        foreach (var command in new[] { "ACK", "NACK" })
        {
            other.Send($"{command}\nid:{message["ack"]}\n\n");
            eve.Send($"{command}\nid:{message["ack"]}\n\n");
        }

        Assert.Equal(DeliveryState.Delivered, _node.StateOf(message["message-id"], "alice"));
        Assert.Equal([1, 1], new[] { tab, other }.Select(c => c.Session.Subscriptions.Items[0].Window!.Count));
        tab.Ack(message);
        Assert.Equal(DeliveryState.Acked, _node.StateOf(message["message-id"], "alice"));
    }

    [Fact]
    public void Of_another_process()
    {
        using var before = new TestNode();
        var old = before.Connect().Subscribe(Queue, "ack:client\n");
        before.Connect("bob").Publish("/user/alice/queue/q", "x");
        var ack = old.Next()["ack"];
        var late = Subscribed("client");
        Publish(1);
        var message = late.Next();
        Assert.Equal(old.Session.Id, late.Session.Id); // The number alone would name both.
        late.Send($"ACK\nid:{ack}\n\n");
        Assert.Equal(DeliveryState.Delivered, _node.StateOf(message["message-id"], "alice"));
    }

    private StompClient Subscribed(string mode) => _node.Connect().Subscribe(Queue, $"ack:{mode}\n");

    private void Publish(int count)
    {
        var bob = _node.Connect("bob");
        for (var i = 0; i < count; i++)
        {
            bob.Publish("/user/alice/queue/q", "x");
        }
    }
}
