using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Topics;

[Collection(NodeCollection.Name)]
public sealed class HistoryTests : IDisposable
{
    private readonly Payloads _payloads = new();
    private readonly History _history = new(new MemoryShare(new MemoryAccount(long.MaxValue), long.MaxValue));
    private readonly Topic _topic = new("/topic/a"u8.ToArray(), null, null);

    public HistoryTests() => _topic.History = _history;

    public void Dispose()
    {
        _history.Trim(long.MaxValue, _topic);
        _payloads.Dispose();
    }

    private void Add(long id, int max = 100, long timestampMs = 0)
    {
        var payload = _payloads.Make(id, timestampMs: timestampMs);
        _history.Add(payload, max, _topic);
        payload.Release();
    }

    private long[] Ids => [.. Enumerable.Range(0, _history.Count).Select(i => _history.At(i).Id)];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(100)]
    public void It_keeps_the_newest(int max)
    {
        for (var id = 1; id <= 50; id++)
        {
            Add(id, max);
            Assert.Equal(Enumerable.Range(Math.Max(1, id - max + 1), Math.Min(id, max)).Select(i => (long)i), Ids);
            Assert.Equal(_history.Count, _payloads.Outstanding);
        }
    }

    [Fact]
    public void It_lets_go_of_what_is_older_than_a_time()
    {
        for (var i = 1; i <= 5; i++)
        {
            Add(i, timestampMs: i * 10);
        }

        _history.Trim(30, _topic);
        Assert.Equal([3, 4, 5], Ids);
        Assert.Equal(50, _history.NewestMs);
        _history.Trim(51, _topic);
        Assert.Equal((0, 0L, 0L), (_history.Count, _history.NewestMs, _payloads.Outstanding));
        Add(6);
        Assert.Equal([6], Ids);
    }

    [Theory]
    [InlineData(1, 0)] // Older than everything: all that is left.
    [InlineData(10, 1)]
    [InlineData(20, 2)]
    [InlineData(25, 2)] // Not here, but between two that are.
    [InlineData(30, 3)]
    [InlineData(99, 3)]
    public void A_client_goes_on_behind_what_it_has_seen(long seen, int index)
    {
        Add(10);
        Add(20);
        Add(30);
        Assert.Equal(new Resumption(index, IsGap: false), _topic.ResumeAfter(seen, newestId: 99));
    }

    [Fact]
    public void Ids_out_of_order_lose_nothing_behind_the_one_that_was_seen()
    {
        // Ids of several threads may come into a topic a little out of order.
        Add(10);
        Add(30);
        Add(20);
        Add(40);
        Assert.Equal(2, _topic.ResumeAfter(30, 99).Index);
        Assert.Equal(3, _topic.ResumeAfter(20, 99).Index);
        Assert.Equal(1, _topic.ResumeAfter(15, 99).Index);
    }

    [Fact]
    public void A_gap_is_what_left_behind_the_one_that_was_seen_or_what_nobody_can_know()
    {
        foreach (var id in new long[] { 10, 30, 20, 40, 50 })
        {
            Add(id, max: 2);
        }

        // 10, 30 and 20 have left, in this order.
        Assert.Equal(new HistoryPast(LastId: 20, NewestId: 30), _topic.Past);
        Assert.Equal(new Resumption(0, IsGap: false), _topic.ResumeAfter(20, 99));
        Assert.Equal(new Resumption(1, IsGap: false), _topic.ResumeAfter(40, 99));
        Assert.Equal(new Resumption(0, IsGap: false), _topic.ResumeAfter(35, 99)); // Of another topic: nothing left since.
        Assert.Equal(new Resumption(2, IsGap: false), _topic.ResumeAfter(99, 99));
        Assert.Equal(new Resumption(0, IsGap: true), _topic.ResumeAfter(30, 99));
        Assert.Equal(new Resumption(0, IsGap: true), _topic.ResumeAfter(10, 99));
        Assert.Equal(new Resumption(0, IsGap: true), _topic.ResumeAfter(0, 99));
        Assert.Equal(new Resumption(0, IsGap: true), _topic.ResumeAfter(100, 99));
    }
}
