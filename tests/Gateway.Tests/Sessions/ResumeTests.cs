using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>A client that comes back with the last id it saw.</summary>
[Collection(NodeCollection.Name)]
public sealed class ResumeTests : IDisposable
{
    private readonly TestNode _node = new();
    private readonly StompClient _bob;

    public ResumeTests() => _bob = _node.Connect("bob");

    public void Dispose() => _node.Dispose();

    private List<string> Publish(string destination, int from, int count)
    {
        var ids = new List<string>();
        for (var i = from; i < from + count; i++)
        {
            _node.Advance(1);
            _bob.Publish(destination, $"{i}", "receipt:r\n");
            ids.Add(_bob.Next()["message-id"]);
        }

        return ids;
    }

    [Theory]
    [InlineData("")]
    [InlineData("ack:client\nprefetch-count:1000\n")]
    public void It_gets_what_it_missed_and_then_what_is_live_each_once(string headers)
    {
        var ids = Publish("/topic/a", 0, 10);
        var alice = _node.Connect();
        alice.Send(
            "SEND\ndestination:/topic/a\n\n10",
            $"SUBSCRIBE\nid:0\ndestination:/topic/a\n{headers}last-event-id:{ids[3]}\n\n",
            "SEND\ndestination:/topic/a\n\n11");
        Publish("/topic/a", 12, 3);
        Assert.Equal(Enumerable.Range(4, 11).Select(i => $"{i}"), alice.TakeBodies());
    }

    [Fact]
    public void Without_it_only_live_messages_come()
    {
        Publish("/topic/a", 0, 3);
        var alice = _node.Connect();
        alice.Send(
            "SEND\ndestination:/topic/a\n\nbefore",
            "SUBSCRIBE\nid:0\ndestination:/topic/a\n\n", "SEND\ndestination:/topic/a\n\nafter");
        Assert.Equal(["after"], alice.TakeBodies());
    }

    [Fact]
    public void Who_is_away_for_longer_than_the_history_gets_what_is_left_of_it()
    {
        using var node = new TestNode(o => o with { History = o.History with { Messages = 4 } });
        var bob = node.Connect("bob");
        for (var i = 0; i < 10; i++)
        {
            bob.Publish("/topic/a", $"{i}");
        }

        Assert.Equal(["6", "7", "8", "9"], node.Connect().Subscribe("/topic/a", "last-event-id:1\n").TakeBodies());
    }

    [Fact]
    public void History_ages_and_goes_with_its_topic()
    {
        Publish("/topic/a", 0, 3);
        Assert.Equal(1, _node.Node.Topics.Count);
        _node.Advance(299_000);
        Publish("/topic/a", 3, 1);
        _node.Advance(10_000);
        Assert.Equal(["3"], _node.Connect().Subscribe("/topic/a", "last-event-id:1\n").TakeBodies());
        _node.Connect("carol").Subscribe("/topic/b");
        Assert.Equal(2, _node.Node.Topics.Count);
    }

    [Fact]
    public void A_queue_merges_what_was_missed_with_what_waits_and_doubles_nothing()
    {
        var first = _node.Connect().Subscribe("/user/queue/q");
        var ids = Publish("/user/alice/queue/q", 0, 4);
        first.Take();
        first.End();
        Publish("/user/alice/queue/q", 4, 3);
        var again = _node.Connect().Subscribe("/user/queue/q", $"last-event-id:{ids[1]}\n");
        Assert.Equal(["2", "3", "4", "5", "6"], again.TakeBodies());
        Assert.Equal(0, _node.Node.Offline.Count);
    }

    [Fact]
    public void A_small_window_paces_what_was_missed_and_keeps_live_messages_behind_it()
    {
        var ids = Publish("/topic/a", 0, 6);
        var alice = _node.Connect().Subscribe("/topic/a", $"ack:client-individual\nprefetch-count:2\nlast-event-id:{ids[0]}\n");
        Publish("/topic/a", 6, 2);
        var seen = new List<string>();
        for (var messages = alice.Take(); messages.Count > 0; messages = alice.Take())
        {
            Assert.InRange(messages.Count, 1, 2);
            seen.AddRange(messages.Select(m => m.Body));
            messages.ForEach(alice.Ack);
        }

        Assert.Equal(["1", "2", "3", "4", "5", "6", "7"], seen);
    }
}
