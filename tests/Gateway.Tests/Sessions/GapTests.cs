using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>Who resumes from before what is kept, or from what nobody knows, is told; nobody else is.</summary>
[Collection(NodeCollection.Name)]
public sealed class GapTests : IDisposable
{
    private readonly TestNode _node = new(o => o with
    {
        History = o.History with { Messages = 4 },
        Offline = o.Offline with { Messages = 8 },
    });

    private readonly StompClient _bob;

    public GapTests() => _bob = _node.Connect("bob");

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

    // Whether the RECEIPT told of a gap, and the bodies; a gap is told on the RECEIPT and the first message, and nowhere else.
    private (bool IsGap, string[] Bodies) Resume(string destination, string lastId, string user = "alice", string versions = "1.2")
    {
        var client = _node.Connect(user, versions);
        client.Subscribe(destination, $"last-event-id:{lastId}\nreceipt:s\n");
        var frames = client.Take();
        var isGap = frames.Single(f => f.Command == "RECEIPT").Headers.ContainsKey("gap");
        var messages = frames.Where(f => f.Command == "MESSAGE").ToList();
        Assert.Equal(messages.Select((_, i) => isGap && i == 0), messages.Select(m => m.Headers.ContainsKey("gap")));
        Assert.All(frames.Where(f => f.Headers.ContainsKey("gap")), f => Assert.Equal("true", f["gap"]));
        client.End();
        return (isGap, [.. messages.Select(m => m.Body)]);
    }

    [Theory]
    [InlineData("1.0")]
    [InlineData("1.1")]
    [InlineData("1.2")]
    public void A_topic_tells_of_what_its_history_let_go(string version)
    {
        var ids = Publish("/topic/a", 0, 10);
        Assert.Equal(["7", "8", "9"], Bodies(false, Resume("/topic/a", ids[6], versions: version)));
        Assert.Equal(["6", "7", "8", "9"], Bodies(false, Resume("/topic/a", ids[5], versions: version))); // The last that left.
        Assert.Equal(["6", "7", "8", "9"], Bodies(true, Resume("/topic/a", ids[4], versions: version)));
        Assert.Equal([], Bodies(false, Resume("/topic/a", ids[9], versions: version)));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("9223372036854775807")]
    public void An_unknown_id_is_told(string id)
    {
        Publish("/topic/a", 0, 2);
        Assert.Equal(["0", "1"], Bodies(true, Resume("/topic/a", id)));
        Assert.Equal([], Bodies(true, Resume("/topic/never", id)));
    }

    [Fact]
    public void Where_nothing_is_kept_the_first_live_message_tells()
    {
        var alice = _node.Connect().Subscribe("/topic/a", "last-event-id:1\n");
        Publish("/topic/a", 0, 2);
        Assert.Equal([true, false], alice.Take().Select(m => m.Headers.ContainsKey("gap")));
    }

    [Fact]
    public void A_quiet_topic_that_was_forgotten_meanwhile_is_no_gap()
    {
        var ids = Publish("/topic/a", 0, 3);
        _node.Advance(3_600_000);
        Assert.Equal(0, _node.Node.Topics.Count);
        Assert.Equal([], Bodies(false, Resume("/topic/a", ids[2])));
        Assert.Equal([], Bodies(true, Resume("/topic/a", ids[1])));
        Assert.Equal([], Bodies(false, Resume("/topic/b", ids[0]))); // Nothing was ever published there.
        Publish("/topic/a", 3, 1);
        Assert.Equal(["3"], Bodies(false, Resume("/topic/a", ids[2])));
    }

    [Fact]
    public void What_an_earlier_life_of_the_node_had_is_unknown()
    {
        var before = Publish("/topic/a", 0, 1)[0];
        _node.Advance(10);
        using var next = new TestNode();
        next.Advance(1000);
        var alice = next.Connect().Subscribe("/topic/a", $"receipt:s\nlast-event-id:{long.Parse(before, null) - (1L << 32)}\n");
        Assert.Equal("true", alice.Next()["gap"]);
    }

    [Fact]
    public void What_still_waits_for_its_user_is_no_gap()
    {
        var first = _node.Connect().Subscribe("/user/queue/q");
        var seen = Publish("/user/alice/queue/q", 0, 2);
        first.End();
        Publish("/user/alice/queue/q", 2, 7); // More than the history has, and than it keeps for long.
        _node.Advance(3_600_000);
        Assert.Equal(["2", "3", "4", "5", "6", "7", "8"], Bodies(false, Resume("/user/queue/q", seen[1])));
    }

    [Fact]
    public void What_another_client_of_the_user_got_is_one_when_it_left_the_history()
    {
        var tablet = _node.Connect().Subscribe("/user/queue/q");
        var seen = Publish("/user/alice/queue/q", 0, 1)[0];
        tablet.End();
        var waited = Publish("/user/alice/queue/q", 1, 2);
        _node.Advance(3_600_000);
        var phone = _node.Connect().Subscribe("/user/queue/q");
        Assert.Equal(["1", "2"], phone.TakeBodies());
        phone.End();
        var later = Publish("/user/alice/queue/q", 3, 1);
        Assert.Equal(["3"], Bodies(true, Resume("/user/queue/q", seen)));
        Assert.Equal(["3"], Bodies(false, Resume("/user/queue/q", waited[1])));
        Assert.Equal([], Bodies(false, Resume("/user/queue/q", later[0])));
    }

    [Fact]
    public void What_left_a_full_offline_queue_is_one()
    {
        var first = _node.Connect().Subscribe("/user/queue/q");
        var seen = Publish("/user/alice/queue/q", 0, 1)[0];
        first.End();
        Publish("/user/alice/queue/q", 1, 9);
        _node.Advance(3_600_000);
        Assert.Equal(["2", "3", "4", "5", "6", "7", "8", "9"], Bodies(true, Resume("/user/queue/q", seen)));
    }

    [Fact]
    public void A_stream_is_told_by_an_event_before_what_is_kept()
    {
        var ids = Publish("/topic/a\\c\"b", 0, 6);
        using (var stream = new StreamClient(_node, "alice", ids[0], "/topic/a:\"b"))
        {
            var events = stream.Take();
            Assert.Equal(["gap", "message", "message", "message", "message"], events.Select(e => e.Type));
            var gap = System.Text.Json.JsonDocument.Parse(events[0].Data).RootElement;
            Assert.Equal("/topic/a:\"b", gap.GetProperty("destination").GetString());
            Assert.Equal((ids[0], ids[2]), (gap.GetProperty("from").GetString(), gap.GetProperty("to").GetString()));
            Assert.Null(events[0].Id); // So that who loses the connection now is told again.
        }

        Publish("/user/alice/queue/q", 6, 1);
        using var queue = new StreamClient(_node, "alice", "1", "/user/queue/q", "/topic/none");
        var told = queue.Take();
        Assert.Equal(["gap", "gap", "message"], told.Select(e => e.Type).Order(StringComparer.Ordinal));
        Assert.Contains(told, e => e.Data == """{"destination":"/topic/none","from":"1","to":null}""");
        Assert.Contains(told, e => e.Data.StartsWith("""{"destination":"/user/queue/q","from":"1","to":"2""", StringComparison.Ordinal));
        Assert.Equal("message", told[^1].Type);
        Assert.Equal(3, _node.Node.Metrics.Gaps);
    }

    private static string[] Bodies(bool isGap, (bool IsGap, string[] Bodies) resumed)
    {
        Assert.Equal(isGap, resumed.IsGap);
        return resumed.Bodies;
    }
}
