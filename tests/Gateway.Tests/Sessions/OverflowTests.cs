using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Sessions;

/// <summary>A client that does not read: what waits for it is bounded, and nobody else notices.</summary>
[Collection(NodeCollection.Name)]
public sealed class OverflowTests : IDisposable
{
    private const int OutboxBytes = 4096;

    private readonly TestNode _node = new(o => o with
    {
        Limits = o.Limits with { OutboxBytes = OutboxBytes },
        Offline = o.Offline with { Messages = 20 },
        History = o.History with { Messages = 0 },
    });

    private readonly StompClient _bob;

    public OverflowTests() => _bob = _node.Connect("bob");

    public void Dispose() => _node.Dispose();

    private void Publish(int count, int bytes = 500, string destination = "/topic/a")
    {
        for (var i = 0; i < count; i++)
        {
            _bob.Publish(destination, $"{i:000}".PadRight(bytes, '.'));
        }
    }

    private static int[] Numbers(StompClient client) =>
        [.. client.TakeBodies().Select(b => int.Parse(b.AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture))];

    [Theory]
    [InlineData("")]
    [InlineData("overflow:close\n")]
    [InlineData("overflow:close\nack:client\n")]
    public void By_default_a_slow_subscriber_of_a_topic_is_closed(string headers)
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a", headers);
        var good = _node.Connect("good").Subscribe("/topic/a");
        slow.Link.Block();
        Publish(20);
        Assert.Equal(SessionState.Closing, slow.Session.State);
        Assert.Equal(Enumerable.Range(0, 20), Numbers(good));
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.SlowConsumer));
        slow.Link.Unblock();
        var frames = slow.Take();
        Assert.Equal(["MESSAGE", "ERROR", "CLOSE"], frames.Select(f => f.Command));
        Assert.Equal((1008, "slow-consumer"), (frames[2].Code, frames[2].Body));
        Assert.True(slow.Link.IsEnded);
    }

    [Fact]
    public void A_slow_subscriber_that_catches_up_in_time_misses_nothing()
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a");
        for (var round = 0; round < 10; round++)
        {
            slow.Link.Block();
            Publish(6);
            slow.Link.Unblock();
            Assert.Equal(Enumerable.Range(0, 6), Numbers(slow));
        }
    }

    [Fact]
    public void A_link_that_takes_a_few_bytes_at_a_time_gets_everything_in_order()
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a", "overflow:spill\n");
        slow.Link.Block();
        Publish(20);
        for (var i = 0; slow.Link.IsWaitedFor; i++)
        {
            slow.Link.Unblock(1 + (i % 97));
        }

        Assert.Equal(Enumerable.Range(0, 20), Numbers(slow));
        Assert.Equal(0, slow.Session.Outbox.WireBytes);
    }

    [Fact]
    public void Drop_oldest_keeps_the_newest_that_fit()
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a", "overflow:drop-oldest\n");
        slow.Link.Block();
        Publish(50);
        Assert.InRange(slow.Session.BacklogBytes + slow.Session.Outbox.WireBytes, 1, OutboxBytes);
        Assert.Equal(SessionState.Open, slow.Session.State);
        slow.Link.Unblock();
        var numbers = Numbers(slow);
        Assert.Equal(0, numbers[0]); // It was on its way already.
        Assert.Equal(Enumerable.Range(51 - numbers.Length, numbers.Length - 1), numbers.Skip(1));
        Assert.InRange(numbers.Length, 4, 8);
        Assert.Equal(50 - numbers.Length, _node.Node.Metrics.FailedBy(FailureKind.Overflow));
    }

    [Theory]
    [InlineData("drop-oldest")]
    [InlineData("conflate")]
    public void A_users_message_that_every_subscription_dropped_is_dead_and_does_not_come_back(string policy)
    {
        var slow = _node.Connect("slow").Subscribe("/user/queue/q", $"overflow:{policy}\n");
        slow.Link.Block();
        Publish(50, destination: "/user/slow/queue/q");
        slow.Link.Unblock();
        var delivered = Numbers(slow);
        Assert.Equal(49, delivered[^1]);
        Assert.Equal(50 - delivered.Length, _node.Node.Metrics.FailedBy(FailureKind.Overflow));
        Assert.Equal(50 - delivered.Length, _node.Node.DeadLetters.Snapshot().Count);
        slow.End();
        Assert.Empty(_node.Connect("slow").Subscribe("/user/queue/q").TakeBodies());
    }

    [Fact]
    public void Conflate_keeps_the_newest_only()
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a", "overflow:conflate\n");
        slow.Link.Block();
        Publish(50);
        slow.Link.Unblock();
        Assert.Equal([0, 49], Numbers(slow));
        Publish(2);
        Assert.Equal([0, 1], Numbers(slow));
    }

    [Fact]
    public void Spill_waits_beyond_the_outbox_and_ends_at_the_bound_of_an_offline_queue()
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a", "overflow:spill\n");
        slow.Link.Block();
        Publish(21);
        Assert.Equal(SessionState.Open, slow.Session.State);
        Publish(1);
        Assert.Equal(SessionState.Closing, slow.Session.State);
        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.SlowConsumer));
    }

    [Fact]
    public void A_user_queue_spills_by_default_and_what_was_not_sent_waits_offline()
    {
        var slow = _node.Connect("slow").Subscribe("/user/queue/q");
        slow.Link.Block();
        Publish(20, destination: "/user/slow/queue/q");
        Assert.Equal(SessionState.Open, slow.Session.State);
        slow.End();
        Assert.Equal(20, _node.Node.Offline.Count);
        Assert.Equal(Enumerable.Range(0, 20), Numbers(_node.Connect("slow").Subscribe("/user/queue/q")));
        Assert.Equal(0, _node.Node.Offline.Count);
    }

    [Fact]
    public void One_message_larger_than_the_outbox_always_may_wait()
    {
        _node.ChecksBytes = false;
        var slow = _node.Connect("slow").Subscribe("/topic/a", "ack:client\n");
        Publish(1, bytes: 100_000);
        Assert.Equal([0], Numbers(slow));
        slow.Link.Block();
        Publish(1, bytes: 100_000);
        Assert.Equal(SessionState.Open, slow.Session.State);
        slow.Link.Unblock();
        Assert.Equal([0], Numbers(slow));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ack:client-individual\n")]
    [InlineData("overflow:drop-oldest\nack:client-individual\n")]
    public void A_batch_larger_than_the_outbox_reaches_a_client_that_reads(string headers)
    {
        var client = _node.Connect("carol").Subscribe("/topic/a", headers);
        var other = _node.Connect("dave").Subscribe("/topic/a", headers).Subscribe("/topic/b", headers, id: "1");
        _bob.Send([.. Enumerable.Range(0, 30).Select(i =>
             $"SEND\ndestination:/topic/a\n\n{i:000}{new string('.', 500)}")]);
        Assert.Equal(Enumerable.Range(0, 30), Numbers(client));
        Assert.Equal(Enumerable.Range(0, 30), Numbers(other));
        _bob.Send([.. Enumerable.Range(0, 30).Select(i =>
             $"SEND\ndestination:/topic/{(i < 15 ? 'a' : 'b')}\n\n{i:000}{new string('.', 500)}")]);
        Assert.Equal(Enumerable.Range(0, 30), Numbers(other).Order());
    }

    [Theory]
    [InlineData("")]
    [InlineData("overflow:drop-oldest\n")]
    [InlineData("overflow:conflate\n")]
    public void A_batch_larger_than_the_outbox_does_not_break_its_bound(string headers)
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a", headers);
        slow.Link.Block();
        _bob.Send([.. Enumerable.Range(0, 50).Select(i => $"SEND\ndestination:/topic/a\n\n{i:000}{new string('.', 500)}")]);
        Assert.InRange(slow.Session.BacklogBytes + slow.Session.Outbox.WireBytes, 0, OutboxBytes + 2048);
    }

    [Fact]
    public void A_client_that_asks_for_answers_and_does_not_read_them_is_closed()
    {
        var slow = _node.Connect("slow");
        slow.Link.Block();
        for (var i = 0; i < 1000 && slow.Session.State == SessionState.Open; i++)
        {
            slow.Raw(ClientBytes.Frame(9, new byte[100]));
        }

        Assert.Equal(1, _node.Node.Metrics.ClosedBy(CloseReason.SlowConsumer));
        Assert.InRange(slow.Session.Outbox.WireBytes, OutboxBytes, OutboxBytes + 4096);
    }

    [Fact]
    public void The_end_of_a_closing_session_is_not_held_up_by_a_blocked_link()
    {
        var slow = _node.Connect("slow").Subscribe("/topic/a");
        slow.Link.Block();
        Publish(20);
        _node.Advance(6_000);
        Assert.True(slow.Link.IsAborted);
        Assert.Equal(1, _node.Node.Sessions.Count);
    }

    [Fact]
    public void A_blocked_client_keeps_its_messages_until_it_reads_even_when_it_acknowledges()
    {
        var client = _node.Connect("carol").Subscribe("/topic/a", "ack:client-individual\nprefetch-count:2\n");
        Publish(2, bytes: 100);
        var first = client.Take();
        client.Link.Block();
        Publish(3, bytes: 100);
        client.Ack(first[0]);
        client.Ack(first[1]);
        Assert.Empty(client.Take());
        client.Link.Unblock();
        Assert.Equal([0, 1], Numbers(client));
    }
}
