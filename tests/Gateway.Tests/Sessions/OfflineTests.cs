using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Tests.Testing;
using FastPush.Notifications.Deliveries;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>Messages to users: who is there gets them, who is not gets them later, in order and with none lost.</summary>
[Collection(NodeCollection.Name)]
public sealed class OfflineTests : IDisposable
{
    private const string Individual = "ack:client-individual\n";

    private readonly TestNode _node = new();
    private readonly StompClient _bob;

    public OfflineTests() => _bob = _node.Connect("bob");

    public void Dispose() => _node.Dispose();

    private string Publish(string body, string user = "alice")
    {
        _bob.Publish($"/user/{user}/queue/q", body, "receipt:r\n");
        return _bob.Next()["message-id"];
    }

    [Fact]
    public void What_waits_is_flushed_in_order_and_before_live_messages()
    {
        var ids = Enumerable.Range(0, 5).Select(i => Publish($"{i}")).ToList();
        Assert.Equal(5, _node.Node.Offline.Count);
        Assert.All(ids, id => Assert.Equal(DeliveryState.Queued, _node.StateOf(id, "alice")));
        var alice = _node.Connect();
        alice.Send("SUBSCRIBE\nid:0\ndestination:/user/queue/q\n\n", "SEND\ndestination:/user/alice/queue/q\n\nlive");
        var messages = alice.Take();
        Assert.Equal(["0", "1", "2", "3", "4", "live"], messages.Select(m => m.Body));
        Assert.All(messages, m => Assert.Equal(("/user/queue/q", ""), (m["destination"], m["redelivered"])));
        Assert.All(ids, id => Assert.Equal(DeliveryState.Delivered, _node.StateOf(id, "alice")));
        Assert.Equal(0, _node.Node.Offline.Count);
    }

    [Fact]
    public void A_queue_is_flushed_once_to_the_first_who_subscribes_to_it()
    {
        Publish("x");
        var first = _node.Connect().Subscribe("/user/queue/other").Subscribe("/user/queue/q", id: "1");
        var second = _node.Connect().Subscribe("/user/queue/q");
        Assert.Equal(["x"], first.TakeBodies());
        Assert.Empty(second.Take());
    }

    [Fact]
    public void One_user_cannot_read_the_queue_of_another()
    {
        Publish("x");
        Assert.Empty(_node.Connect("mallory").Subscribe("/user/queue/q").Take());
        Assert.Equal(1, _node.Node.Offline.Count);
    }

    [Fact]
    public void Every_live_session_of_a_user_gets_the_message_and_the_first_ACK_counts()
    {
        var phone = _node.Connect().Subscribe("/user/queue/q", Individual);
        var desk = _node.Connect().Subscribe("/user/queue/q", Individual);
        var id = Publish("x");
        var onPhone = phone.Next();
        Assert.Equal("x", desk.Next().Body);
        phone.Ack(onPhone);
        Assert.Equal(DeliveryState.Acked, _node.StateOf(id, "alice"));
        phone.End();
        desk.End();
        Assert.Equal(0, _node.Node.Offline.Count);
    }

    [Fact]
    public void A_message_that_one_session_acknowledged_is_not_dead_because_another_did_not()
    {
        var phone = _node.Connect().Subscribe("/user/queue/q", Individual);
        _node.Connect().Subscribe("/user/queue/q", Individual);
        var id = Publish("x");
        phone.Ack(phone.Next());
        _node.Advance(200_000);
        Assert.Equal(DeliveryState.Acked, _node.StateOf(id, "alice"));
        Assert.Empty(_node.Node.DeadLetters.Snapshot());
        Assert.Equal(0, _node.Node.Metrics.MessagesFailed);
    }

    [Fact]
    public void What_was_not_acknowledged_waits_for_the_next_session_and_says_so()
    {
        var first = _node.Connect().Subscribe("/user/queue/q", Individual);
        var ids = new[] { Publish("1"), Publish("2"), Publish("3") };
        first.Ack(first.Take()[1]);
        first.End();
        Assert.Equal(2, _node.Node.Offline.Count);
        Assert.Equal(DeliveryState.Queued, _node.StateOf(ids[0], "alice"));
        Publish("4");
        var messages = _node.Connect().Subscribe("/user/queue/q", Individual).Take();
        Assert.Equal(["1", "3", "4"], messages.Select(m => m.Body));
        Assert.Equal(["true", "true", ""], messages.Select(m => m["redelivered"]));
    }

    [Theory]
    [InlineData("UNSUBSCRIBE\nid:0\n\n")]
    [InlineData("DISCONNECT\n\n")]
    [InlineData("HELLO\n\n")]
    public void However_a_subscription_ends_what_it_leaves_open_goes_back(string end)
    {
        var first = _node.Connect().Subscribe("/user/queue/q", Individual + "prefetch-count:1\n");
        Publish("1");
        Publish("2");
        Assert.Equal("1", first.Next().Body);
        first.Send(end);
        Assert.Equal(2, _node.Node.Offline.Count);
        var again = _node.Connect().Subscribe("/user/queue/q").Take();
        Assert.Equal([("1", "true"), ("2", "")], again.Select(m => (m.Body, m["redelivered"])));
    }

    [Fact]
    public void The_last_of_several_holders_gives_the_message_back()
    {
        var phone = _node.Connect().Subscribe("/user/queue/q", Individual);
        var desk = _node.Connect().Subscribe("/user/queue/q", Individual);
        Publish("x");
        phone.End();
        Assert.Equal(0, _node.Node.Offline.Count);
        desk.End();
        Assert.Equal(1, _node.Node.Offline.Count);
    }

    [Fact]
    public void Retries_are_counted_over_sessions()
    {
        Publish("x");
        for (var session = 0; session < 4; session++)
        {
            var client = _node.Connect().Subscribe("/user/queue/q", Individual);
            Assert.Equal(session == 0 ? "" : "true", client.Next()["redelivered"]);
            client.End();
        }

        var last = _node.Connect().Subscribe("/user/queue/q", Individual);
        last.Nack(last.Next());
        Assert.Empty(last.Take());
        Assert.Single(_node.Node.DeadLetters.Snapshot());
    }

    [Fact]
    public void A_blocked_auto_session_that_dies_gives_back_what_was_not_sent_to_its_end()
    {
        var first = _node.Connect().Subscribe("/user/queue/q");
        first.Link.Block();
        first.Link.Room = 10;
        var id = Publish("x");
        Assert.Equal(DeliveryState.Queued, _node.StateOf(id, "alice"));
        first.Link.Die();
        first.End();
        var again = _node.Connect().Subscribe("/user/queue/q").Next();
        Assert.Equal(("x", "true"), (again.Body, again["redelivered"]));
        Assert.Equal(DeliveryState.Delivered, _node.StateOf(id, "alice"));
    }

    [Fact]
    public void A_message_to_a_session_that_dies_of_it_is_not_lost()
    {
        var first = _node.Connect().Subscribe("/user/queue/q");
        first.Link.Die();
        Publish("x");
        Assert.Equal("x", _node.Connect().Subscribe("/user/queue/q").Next().Body);
    }

    [Fact]
    public void What_a_dead_session_could_not_take_goes_to_another_live_one()
    {
        var dying = _node.Connect().Subscribe("/user/queue/q", Individual);
        Publish("x");
        Assert.Equal("x", dying.Next().Body);
        var live = _node.Connect().Subscribe("/user/queue/q", Individual);
        Assert.Empty(live.Take());
        dying.End();
        Assert.Equal(("x", "true"), (live.Next() is var m ? m.Body : "", m["redelivered"]));
        Assert.Equal(0, _node.Node.Offline.Count);
    }

    [Fact]
    public void A_full_queue_lets_the_oldest_go_and_says_so()
    {
        using var node = new TestNode(o => o with { Offline = o.Offline with { Messages = 3 } });
        var bob = node.Connect("bob");
        for (var i = 0; i < 5; i++)
        {
            bob.Publish("/user/alice/queue/q", $"{i}");
        }

        Assert.Equal(2, node.Node.Metrics.FailedBy(FailureKind.OfflineFull));
        Assert.Equal(2, node.Node.DeadLetters.Snapshot().Count);
        Assert.Equal(["2", "3", "4"], node.Connect().Subscribe("/user/queue/q").TakeBodies());
    }

    [Fact]
    public void What_waited_too_long_expires()
    {
        using var node = new TestNode(o => o with { Offline = o.Offline with { TtlSeconds = 60 } });
        var bob = node.Connect("bob");
        bob.Publish("/user/alice/queue/q", "old", "receipt:r\n");
        var id = bob.Next()["message-id"];
        node.Advance(50_000);
        bob.Publish("/user/alice/queue/q", "young");
        node.Advance(16_000);
        Assert.Equal(DeliveryState.Expired, node.StateOf(id, "alice"));
        Assert.Equal(1, node.Node.Metrics.FailedBy(FailureKind.Expired));
        Assert.Equal(["young"], node.Connect().Subscribe("/user/queue/q").TakeBodies());
    }

    [Fact]
    public void Presence_counts_sessions_and_remembers_the_last()
    {
        _node.Connect("carol").Send("DISCONNECT\n\n");
        var left = _node.Node.Clock.UnixMs;
        _node.Advance(1000);
        _node.Connect("dave");
        Assert.Equal(new(0, left), Completed.Of(_node.Node.Presence.GetAsync("carol")));
        Assert.Equal(new(1, null), Completed.Of(_node.Node.Presence.GetAsync("dave")));
    }

    [Fact]
    public void Presence_learns_of_a_session_before_the_session_can_end()
    {
        var presence = new OrderedPresence();
        using var node = new TestNode(presence: presence);
        presence.Node = node.Node;
        node.Connect("carol").Send("DISCONNECT\n\n");
        Assert.Equal(["connected under the session's lock", "disconnected"], presence.Calls);
    }

    private sealed class OrderedPresence : Relay.Presence.IPresence
    {
        public Node? Node { get; set; }

        public List<string> Calls { get; } = [];

        public void Connected(string user, long sessionId)
        {
            foreach (var session in Node!.Sessions.Slots)
            {
                if (session?.Id == sessionId)
                {
                    Calls.Add(Monitor.IsEntered(session) ? "connected under the session's lock" : "connected while others may end it");
                }
            }
        }

        public void Disconnected(string user, long sessionId, long unixMs) => Calls.Add("disconnected");

        public ValueTask<int> CountAsync(string user) => ValueTask.FromResult(0);

        public ValueTask<Relay.Presence.UserPresence> GetAsync(string user) => throw new NotSupportedException();
    }
}
