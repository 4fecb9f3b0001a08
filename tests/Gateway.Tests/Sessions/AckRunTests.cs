using System.Globalization;
using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Deliveries;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>ACKs of one read are done together, but as if each had been done when it came.</summary>
[Collection(NodeCollection.Name)]
public sealed class AckRunTests : IDisposable
{
    private const string Individual = "ack:client-individual\n";

    private readonly TestNode _node = new();

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Runs_gaps_repetitions_and_several_subscriptions_in_one_read()
    {
        var client = _node.Connect().Subscribe("/topic/a", Individual).Subscribe("/topic/b", Individual, id: "1");
        Publish("/topic/a", 6);
        Publish("/topic/b", 6);
        Assert.Equal(12, client.Take().Count);
        client.Send([.. Acks(client, "1-1", "1-2", "2-1", "2-2", "1-3", "1-5", "1-5", "1-2", "3-1", "1-0", "2-4", "1-99", "1-100")]);
        Assert.Equal(7, _node.Node.Metrics.MessagesAcked);
        Assert.Equal([2, 3], client.Session.Subscriptions.Items.ToArray().Select(s => s.Window!.Count));
        client.Send([.. Enumerable.Range(1, 6).Select(i => $"NACK\nid:{client.AckId($"1-{i}")}\n\n")]);
        Assert.Equal(["4", "6"], client.TakeBodies());
    }

    [Fact]
    public void A_run_makes_room_for_as_many_as_it_has()
    {
        var client = _node.Connect().Subscribe("/topic/a", Individual + "prefetch-count:3\n");
        Publish("/topic/a", 8);
        Assert.Equal(["1", "2", "3"], client.TakeBodies());
        client.Send([.. Acks(client, "1-1", "1-2", "1-3")]);
        Assert.Equal(["4", "5", "6"], client.TakeBodies());
    }

    [Fact]
    public void In_client_mode_all_up_to_the_last_of_a_run_are_acknowledged()
    {
        var client = _node.Connect().Subscribe("/topic/a", "ack:client\n");
        Publish("/topic/a", 6);
        client.Send([.. Acks(client, "1-3", "1-4")]);
        Assert.Equal(4, _node.Node.Metrics.MessagesAcked);
        Assert.Equal(5, client.Session.Subscriptions.Items[0].Window!.First);
    }

    [Theory]
    [InlineData("NACK\nid:{1-1}\n\n")]
    [InlineData("UNSUBSCRIBE\nid:0\n\n")]
    [InlineData("DISCONNECT\n\n")]
    [InlineData("no frame at all\n\n")]
    public void What_comes_behind_a_run_finds_it_done(string behind)
    {
        var client = _node.Connect().Subscribe("/user/queue/q", Individual);
        Publish("/user/alice/queue/q", 2);
        var ids = client.Take().ConvertAll(message => message["message-id"]);
        client.Send([.. Acks(client, "1-1", "1-2"), behind.Replace("{1-1}", client.AckId("1-1"), StringComparison.Ordinal)]);
        Assert.All(ids, id => Assert.Equal(DeliveryState.Acked, _node.StateOf(id, "alice")));
    }

    [Theory]
    [InlineData(new byte[] { 0x88, 0x80, 0, 0, 0, 0 })] // A close frame.
    [InlineData(new byte[] { 0xFF, 0x80, 0, 0, 0, 0 })] // No WebSocket frame.
    public void So_does_the_end_of_the_connection(byte[] behind)
    {
        var client = _node.Connect().Subscribe("/user/queue/q", Individual);
        Publish("/user/alice/queue/q", 2);
        var ids = client.Take().ConvertAll(message => message["message-id"]);
        client.Raw([.. Acks(client, "1-1", "1-2").SelectMany(ClientBytes.Stomp), .. behind]);
        Assert.All(ids, id => Assert.Equal(DeliveryState.Acked, _node.StateOf(id, "alice")));
        Assert.False(client.Session.State == Gateway.Sessions.SessionState.Open);
    }

    private static IEnumerable<string> Acks(StompClient client, params string[] deliveries) =>
        deliveries.Select(delivery => $"ACK\nid:{client.AckId(delivery)}\n\n");

    private void Publish(string destination, int count)
    {
        var bob = _node.Connect("bob");
        for (var i = 1; i <= count; i++)
        {
            bob.Publish(destination, i.ToString(CultureInfo.InvariantCulture));
        }
    }
}
