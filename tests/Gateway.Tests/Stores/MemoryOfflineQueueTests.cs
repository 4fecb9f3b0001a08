using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Tests.Stores;

[Collection(NodeCollection.Name)]
public sealed class MemoryOfflineQueueTests : IDisposable
{
    private readonly Payloads _payloads = new();
    private readonly MemoryOfflineQueue _queue = new(new OfflineOptions { Messages = 5, Bytes = 1000, TtlSeconds = 10 });

    public void Dispose()
    {
        Release(Completed.Of(_queue.ExpireAsync(long.MaxValue)));
        Assert.Equal(0, _queue.Count);
        _payloads.Dispose();
    }

    private static long[] Release(IReadOnlyList<OfflineMessage> messages)
    {
        long[] ids = [.. messages.Select(m => m.Payload.Id)];
        foreach (var message in messages)
        {
            message.Payload.Release();
        }

        return ids;
    }

    private long[] Add(string user, string queue, params Payload[] payloads) =>
        Release(Completed.Of(_queue.AddAsync(user, queue, payloads.Select(p => new OfflineMessage(p, 1)).ToArray())));

    private long[] Take(string user, string queue) => Release(Completed.Of(_queue.TakeAsync(user, queue)));

    [Fact]
    public void Messages_come_out_by_id_once_and_for_their_queue_only()
    {
        Assert.Empty(Add("a", "q", _payloads.Make(3), _payloads.Make(1)));
        Assert.Empty(Add("a", "q", _payloads.Make(2)));
        Assert.Empty(Add("a", "other", _payloads.Make(9)));
        Assert.Empty(Add("b", "q", _payloads.Make(8)));
        Assert.Equal(5, _queue.Count);
        Assert.Equal([1, 2, 3], Take("a", "q"));
        Assert.Empty(Take("a", "q"));
        Assert.Equal(2, _queue.Count);
    }

    [Fact]
    public void Beyond_its_count_the_oldest_leave()
    {
        Assert.Empty(Add("a", "q", [.. Enumerable.Range(1, 5).Select(i => _payloads.Make(i))]));
        Assert.Equal([1, 2], Add("a", "q", _payloads.Make(6), _payloads.Make(7)));
        Assert.Equal([0], Add("a", "q", _payloads.Make(0)));
        Assert.Equal(5, _queue.Count);
        Assert.Equal([3, 4, 5, 6, 7], Take("a", "q"));
    }

    [Fact]
    public void Beyond_its_bytes_the_oldest_leave_but_one_message_always_may_wait()
    {
        Add("a", "q", _payloads.Make(1, bytes: 400), _payloads.Make(2, bytes: 400));
        Assert.Equal([1], Add("a", "q", _payloads.Make(3, bytes: 400)));
        Assert.Equal([2, 3], Add("a", "q", _payloads.Make(4, bytes: 5000)));
        Assert.Equal([4], Take("a", "q"));
    }

    [Fact]
    public void What_was_taken_out_no_longer_counts_against_the_bounds()
    {
        for (var round = 0; round < 10; round++)
        {
            Assert.Empty(Add("a", "q", _payloads.Make(1, bytes: 900)));
            Assert.Equal([1], Take("a", "q"));
        }
    }

    [Fact]
    public void Time_ends_by_the_queues_measure_or_the_messages_own()
    {
        var hasty = _payloads.Make(2, timestampMs: 6_000, expiresAtMs: 8_000);
        Add("a", "q", _payloads.Make(1, timestampMs: 0), hasty, _payloads.Make(3, timestampMs: 6_000));
        Assert.Empty(Release(Completed.Of(_queue.ExpireAsync(7_999))));
        Assert.Equal([2], Release(Completed.Of(_queue.ExpireAsync(8_000))));
        Assert.Empty(Release(Completed.Of(_queue.ExpireAsync(10_000))));
        Assert.Equal([1], Release(Completed.Of(_queue.ExpireAsync(10_001))));
        Assert.Equal(1, _queue.Count);
        Assert.Empty(Add("a", "q", _payloads.Make(4, bytes: 900, timestampMs: 6_000)));
        Assert.Equal([3, 4], Take("a", "q"));
    }
}
