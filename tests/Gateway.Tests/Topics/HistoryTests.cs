using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Topics;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Topics;

[Collection(NodeCollection.Name)]
public sealed class HistoryTests : IDisposable
{
    private readonly Payloads _payloads = new();
    private readonly History _history = new(new MemoryShare(new MemoryAccount(long.MaxValue), long.MaxValue));

    public void Dispose()
    {
        _history.Trim(long.MaxValue);
        _payloads.Dispose();
    }

    private void Add(long id, int max = 100, long timestampMs = 0)
    {
        var payload = _payloads.Make(id, timestampMs: timestampMs);
        _history.Add(payload, max);
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

        _history.Trim(30);
        Assert.Equal([3, 4, 5], Ids);
        Assert.Equal(50, _history.NewestMs);
        _history.Trim(51);
        Assert.Equal((0, 0L, 0L), (_history.Count, _history.NewestMs, _payloads.Outstanding));
        Add(6);
        Assert.Equal([6], Ids);
    }

    [Theory]
    [InlineData(0, 0)] // Older than everything: all that is left.
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
        Assert.Equal(index, _history.IndexAfter(seen));
    }

    [Fact]
    public void Ids_out_of_order_lose_nothing_behind_the_one_that_was_seen()
    {
        // Ids of several threads may come into a topic a little out of order.
        Add(10);
        Add(30);
        Add(20);
        Add(40);
        Assert.Equal(2, _history.IndexAfter(30));
        Assert.Equal(3, _history.IndexAfter(20));
        Assert.Equal(1, _history.IndexAfter(15));
    }
}
