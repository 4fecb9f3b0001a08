using System.Text;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Topics;

[Collection(NodeCollection.Name)]
public sealed class TopicTableTests
{
    private readonly TopicTable _table = new();

    [Theory]
    [InlineData("/topic/a", null, null)]
    [InlineData("/topic/user/x/queue/y", null, null)]
    [InlineData("/user/alice/queue/q", "alice", "q")]
    [InlineData("/user/älice/queue/a/b", "älice", "a/b")]
    public void A_key_has_one_topic_that_knows_whose_it_is(string key, string? user, string? queue)
    {
        var bytes = Encoding.UTF8.GetBytes(key);
        Assert.False(_table.TryGet(bytes, out _));
        var topic = _table.GetOrAdd(bytes);
        Assert.Equal((user, queue), (topic.User, topic.Queue));
        Assert.Equal(bytes, topic.Key);
        Assert.Same(topic, _table.GetOrAdd([.. bytes]));
        Assert.True(_table.TryGet(bytes, out var found));
        Assert.Same(topic, found);
    }

    [Fact]
    public void Keys_of_all_lengths_are_told_apart()
    {
        var topics = new HashSet<Topic>();
        for (var length = 1; length < 64; length++)
        {
            for (var c = 'a'; c < 'e'; c++)
            {
                topics.Add(_table.GetOrAdd(Encoding.ASCII.GetBytes("/topic/" + new string('x', length) + c)));
                topics.Add(_table.GetOrAdd(Encoding.ASCII.GetBytes("/topic/" + c + new string('x', length))));
            }
        }

        Assert.Equal(63 * 8, topics.Count);
        Assert.Equal(topics.Count, _table.Count);
    }

    [Fact]
    public void A_sweep_takes_out_what_has_neither_subscribers_nor_history()
    {
        using var payloads = new Payloads();
        var (empty, kept, subscribed) = (_table.GetOrAdd("/topic/e"u8), _table.GetOrAdd("/topic/k"u8), _table.GetOrAdd("/topic/s"u8));
        var payload = payloads.Make(1, timestampMs: 100);
        (kept.History = new History(new MemoryShare(new MemoryAccount(1 << 20), 1 << 20))).Add(payload, 10, kept);
        payload.Release();
        var subscription = new Subscription(null!, subscribed, 1, [], AckMode.Auto, OverflowPolicy.Close);
        subscribed.Subscribers.Add(subscription);

        _table.Sweep(100);
        Assert.Equal((true, false, false), (empty.Retired, kept.Retired, subscribed.Retired));
        Assert.NotSame(empty, _table.GetOrAdd("/topic/e"u8));
        Assert.Same(kept, _table.GetOrAdd("/topic/k"u8));

        _table.Sweep(101);
        subscribed.Subscribers.Remove(subscription);
        Assert.True(kept.Retired);
        _table.Sweep(101);
        Assert.True(subscribed.Retired);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void Nobody_is_left_behind_in_a_topic_that_is_swept_while_they_come()
    {
        using var node = new TestNode(o => o with { History = o.History with { Messages = 0 } });
        var stop = 0;
        var sweeper = new Thread(() =>
        {
            while (Volatile.Read(ref stop) == 0)
            {
                node.Node.Topics.Sweep(0);
            }
        });
        sweeper.Start();
        var (alice, bob) = (node.Connect(), node.Connect("bob"));
        for (var i = 0; i < 2_000; i++)
        {
            alice.Subscribe("/topic/a");
            bob.Publish("/topic/a", $"{i}");
            Assert.Equal($"{i}", alice.Next().Body);
            alice.Send("UNSUBSCRIBE\nid:0\n\n");
        }

        Volatile.Write(ref stop, 1);
        sweeper.Join();
    }
}
