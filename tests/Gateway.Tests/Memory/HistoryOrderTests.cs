using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;

namespace FastPush.Gateway.Tests.Memory;

/// <summary>History gives way: to its own share, and to everybody who needs memory, the oldest over all topics first.</summary>
[Collection(NodeCollection.Name)]
public sealed class HistoryOrderTests
{
    private static readonly string s_body = new('x', 10_000);

    private static TestNode New(double historyShare = 1) => new(o => o with
    {
        Limits = o.Limits with { MessageMemoryBytes = 4 << 20, FrameBytes = 64 << 10, HistoryShare = historyShare },
    })
    { ChecksBytes = false };

    private static int Kept(TestNode node, string topic) =>
        node.Node.Topics.TryGet(System.Text.Encoding.UTF8.GetBytes(topic), out var found) ? found.History?.Count ?? 0 : 0;

    [Fact]
    public void The_oldest_of_all_topics_goes_first_when_others_need_the_memory()
    {
        using var node = New();
        var publisher = node.Connect("back end");
        for (var i = 0; i < 20; i++)
        {
            publisher.Publish($"/topic/{i}", s_body);
            publisher.Publish("/topic/busy", s_body);
            node.Advance(2_000);
        }

        for (var i = 0; i < 380; i++)
        {
            publisher.Publish("/user/nobody/queue/q", s_body);
        }

        Assert.Empty(publisher.Take());
        var kept = Enumerable.Range(0, 20).Select(i => Kept(node, $"/topic/{i}")).ToArray();
        Assert.InRange(kept.Sum(), 1, 19);
        Assert.Equal([.. kept.Order()], kept);
        Assert.InRange(Kept(node, "/topic/busy") - kept.Sum(), -1, 1);
    }

    [Fact]
    public void Histories_keep_no_more_than_their_share()
    {
        using var node = New(historyShare: 0.1);
        var publisher = node.Connect("back end");
        for (var i = 0; i < 200; i++)
        {
            publisher.Publish($"/topic/{i % 40}", s_body);
            Assert.InRange(node.Node.Histories.Share.Bytes, 0, (4 << 20) / 10 + (16 << 10));
        }

        // The newest are those that stay.
        var resumed = node.Connect("alice").Subscribe("/topic/39", "last-event-id:1\n");
        Assert.NotEmpty(resumed.TakeBodies());
    }

    [Fact]
    public void Expired_history_is_free_at_once_and_its_large_arrays_go_back_to_the_system()
    {
        using var node = New();
        var publisher = node.Connect("back end");
        for (var i = 0; i < 50; i++)
        {
            publisher.Publish("/topic/t", s_body);
        }

        Assert.InRange(node.Node.Memory.Bytes, 500_000, 600_000);
        node.Advance(node.Node.Options.History.AgeSeconds * 1000 + 5_000);
        Assert.Equal(0, node.Node.Memory.Bytes);
        node.Advance(20_000);
        Assert.Equal(0, FastPush.Protocol.Buffers.BytePool.KeptBytes);
    }
}
