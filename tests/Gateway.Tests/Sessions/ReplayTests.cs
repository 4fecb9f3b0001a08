using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>A client that missed more than its outbox holds is not slow: it is when it does not read.</summary>
[Collection(NodeCollection.Name)]
public sealed class ReplayTests : IDisposable
{
    private const int Missed = 90;
    private const int BodyBytes = 8_000;

    private readonly TestNode _node = new(o => o with
    {
        Limits = o.Limits with { OutboxBytes = 200_000 },
        Offline = o.Offline with { Messages = 60, Bytes = 10 << 20 },
    });

    private readonly StompClient _bob;

    public ReplayTests() => _bob = _node.Connect("bob");

    public void Dispose() => _node.Dispose();

    private void Publish(string destination, int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            _node.Advance(1);
            _bob.Publish(destination, $"{i:000}".PadRight(BodyBytes, '.'));
        }
    }

    private string PublishFirst(string destination)
    {
        _bob.Publish(destination, "000", "receipt:r\n");
        return _bob.Next()["message-id"];
    }

    private static IEnumerable<string> Numbers(IEnumerable<string> bodies) => bodies.Select(b => b[..3]);

    private static IEnumerable<string> Range(int from, int to) => Enumerable.Range(from, to - from).Select(i => $"{i:000}");

    [Theory]
    [InlineData("/topic/a", "/topic/a", "")]
    [InlineData("/topic/a", "/topic/a", "overflow:spill\n")]
    [InlineData("/topic/a", "/topic/a", "overflow:drop-oldest\n")]
    [InlineData("/topic/a", "/topic/a", "ack:client\nprefetch-count:1024\n")]
    [InlineData("/user/alice/queue/q", "/user/queue/q", "")]
    [InlineData("/user/alice/queue/q", "/user/queue/q", "overflow:close\n")]
    public void It_gets_what_it_missed_and_what_comes_live_meanwhile(string to, string from, string headers)
    {
        var last = PublishFirst(to);
        Publish(to, 1, Missed);
        var alice = _node.Connect();
        alice.Link.Room = 16_000;
        alice.Subscribe(from, $"last-event-id:{last}\n{headers}");
        var next = 1 + Missed;
        var bodies = new List<string>();

        // It reads steadily, while more comes: in all many times what the outbox holds.
        for (var round = 0; round < 40; round++)
        {
            Publish(to, next++, 1);
            alice.Link.Unblock(16_000);
            bodies.AddRange(alice.TakeBodies());
        }

        alice.Link.Unblock();
        Publish(to, next++, 1);
        bodies.AddRange(alice.TakeBodies());
        Assert.Equal(SessionState.Open, alice.Session.State);
        Assert.Equal(Range(1, next), Numbers(bodies));
        Assert.Equal((0L, 0L), (alice.Session.BacklogBytes, alice.Session.ReplayBytes));
    }

    [Fact]
    public void So_does_a_stream_of_several_destinations()
    {
        var last = PublishFirst("/topic/a");
        Publish("/topic/a", 1, Missed);
        Publish("/user/alice/queue/q", 1, Missed);
        using var stream = new StreamClient(_node, "alice", last, "/topic/a", "/user/queue/q");
        stream.Link.Block();
        Publish("/topic/a", 1 + Missed, 5);
        Publish("/user/alice/queue/q", 1 + Missed, 5);
        stream.Link.Unblock();
        Assert.Equal(2 * (Missed + 5), stream.TakeData().Length);
    }

    [Fact]
    public void Who_does_not_read_is_closed_when_more_comes_than_an_offline_queue_holds()
    {
        var last = PublishFirst("/topic/a");
        Publish("/topic/a", 1, Missed);
        var alice = _node.Connect();
        alice.Link.Block();
        alice.Subscribe("/topic/a", $"last-event-id:{last}\n");
        Publish("/topic/a", 1 + Missed, 60);
        Assert.Equal(SessionState.Open, alice.Session.State);
        Publish("/topic/a", 151, 1);
        Assert.Equal(SessionState.Closing, alice.Session.State);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.SlowConsumer));
    }

    [Fact]
    public void The_bound_is_one_for_all_its_subscriptions()
    {
        using var node = new TestNode(o => o with { Offline = o.Offline with { Bytes = 200_000 } });
        var bob = node.Connect("bob");
        var alice = node.Connect();
        alice.Link.Block();
        for (var i = 0; i < 10; i++)
        {
            bob.Publish($"/topic/{i}", "missed");
            alice.Subscribe($"/topic/{i}", "last-event-id:1\n", id: $"{i}");
        }

        for (var i = 0; i < 40; i++)
        {
            bob.Publish($"/topic/{i % 10}", new string('.', BodyBytes));
        }

        Assert.Equal(SessionState.Closing, alice.Session.State);
    }

    [Fact]
    public void After_it_has_caught_up_the_outbox_counts_again()
    {
        var last = PublishFirst("/topic/a");
        Publish("/topic/a", 1, Missed);
        var alice = _node.Connect().Subscribe("/topic/a", $"last-event-id:{last}\n");
        Assert.Equal(Missed, alice.TakeBodies().Length);
        alice.Link.Block();
        Publish("/topic/a", 100, 40);
        Assert.Equal(SessionState.Closing, alice.Session.State);
    }

    [Fact]
    public void With_drop_oldest_who_does_not_read_misses_what_is_oldest()
    {
        var last = PublishFirst("/topic/a");
        Publish("/topic/a", 1, Missed);
        var alice = _node.Connect();
        alice.Link.Block();
        alice.Subscribe("/topic/a", $"last-event-id:{last}\noverflow:drop-oldest\n");
        Publish("/topic/a", 1 + Missed, 80);
        alice.Link.Unblock();
        var numbers = Numbers(alice.TakeBodies()).ToList();
        Assert.Equal("170", numbers[^1]);
        Assert.InRange(numbers.Count, 20, 60);
        Assert.Equal((0L, 0L), (alice.Session.BacklogBytes, alice.Session.ReplayBytes));
    }
}
