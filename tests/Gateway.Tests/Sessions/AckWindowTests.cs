using FastPush.Gateway.Sessions;
using FastPush.Gateway.Tests.Testing;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Tests.Sessions;

[Collection(NodeCollection.Name)]
public sealed class AckWindowTests : IDisposable
{
    private readonly Payloads _payloads = new();
    private readonly MemoryShare _share = new(new MemoryAccount(long.MaxValue), long.MaxValue);

    public void Dispose() => _payloads.Dispose();

    private AckWindow New(int limit) => new(limit, _share, long.MaxValue);

    private AckWindow Filled(int limit, int count, long nowMs = 0)
    {
        var window = New(limit);
        for (var i = 1; i <= count; i++)
        {
            Assert.Equal(i, window.Add(_payloads.Make(100 + i), 0, nowMs, isCharged: false));
        }

        return window;
    }

    private static void Empty(AckWindow window)
    {
        while (window.TryRemoveThrough(long.MaxValue, out var payload, out _))
        {
            payload.Release();
        }

        Assert.Equal((0, 0), (window.Count, window.Repeats));
        Assert.Equal(window.Next, window.First);
    }

    [Fact]
    public void It_has_room_up_to_its_limit_and_again_after_each_removal()
    {
        var window = Filled(3, 2);
        Assert.True(window.HasRoom);
        window.Add(_payloads.Make(1), 0, 0, isCharged: false);
        Assert.False(window.HasRoom);
        Assert.True(window.TryRemove(2, out var payload, out _));
        payload.Release();
        Assert.True(window.HasRoom);
        Empty(window);
    }

    [Fact]
    public void Each_sequence_is_removed_once_in_any_order()
    {
        var window = Filled(1024, 300);
        var order = Enumerable.Range(1, 300).ToArray();
        new Random(7).Shuffle(order);
        var left = 300;
        foreach (var sequence in order)
        {
            Assert.True(window.TryRemove(sequence, out var payload, out var attempts));
            Assert.Equal((100L + sequence, (byte)0), (payload.Id, attempts));
            payload.Release();
            Assert.Equal(--left, window.Count);
            Assert.False(window.TryRemove(sequence, out _, out _));
        }

        Assert.Equal(301, window.First);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(4)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void Sequences_that_were_never_given_are_not_found(long sequence)
    {
        var window = Filled(8, 3);
        Assert.False(window.TryRemove(sequence, out _, out _));
        Assert.False(window.Contains(sequence));
        Assert.False(window.MarkRepeat(sequence));
        Empty(window);
    }

    [Fact]
    public void Cumulative_removal_takes_what_is_left_up_to_a_sequence()
    {
        var window = Filled(8, 5);
        Assert.True(window.TryRemove(2, out var second, out _));
        second.Release();
        var taken = new List<long>();
        while (window.TryRemoveThrough(4, out var payload, out _))
        {
            taken.Add(payload.Id);
            payload.Release();
        }

        Assert.Equal([101, 103, 104], taken);
        Assert.Equal(1, window.Count);
        Empty(window);
    }

    [Fact]
    public void It_goes_on_for_long_beside_one_that_is_never_acknowledged_and_then_waits_for_it()
    {
        var window = Filled(2, 1);
        long next = 0;
        while (window.HasRoom)
        {
            next = window.Add(_payloads.Make(next), 0, 0, isCharged: false);
            Assert.True(window.TryRemove(next, out var payload, out _));
            payload.Release();
        }

        Assert.Equal(4096, next);
        Assert.Equal(1, window.Count);
        Assert.True(window.TryRemove(1, out var oldest, out _));
        oldest.Release();
        Assert.True(window.HasRoom);
    }

    [Fact]
    public void Messages_are_found_by_their_id_newest_first()
    {
        var window = Filled(8, 5);
        Assert.Equal(3, window.Find(103));
        Assert.Equal(0, window.Find(999));
        Empty(window);
        Assert.Equal(0, window.Find(103));
    }

    [Fact]
    public void What_is_due_is_repeated_oldest_first_and_due_again_later()
    {
        var window = New(8);
        window.Add(_payloads.Make(1), 0, nowMs: 10, isCharged: false);
        window.Add(_payloads.Make(2), 0, nowMs: 20, isCharged: false);
        Assert.Equal(0, window.FindDue(9));
        Assert.Equal(1, window.FindDue(10));
        Assert.True(window.MarkRepeat(1));
        Assert.False(window.MarkRepeat(1));
        Assert.Equal(0, window.FindDue(10));
        Assert.Equal(2, window.FindDue(20));
        Assert.True(window.MarkRepeat(2));
        Assert.Equal(2, window.Repeats);
        Assert.Equal(1, window.TakeRepeat(100, out Payload first));
        Assert.Equal((1L, (byte)1), (first.Id, window.Attempts(1)));
        Assert.Equal(2, window.TakeRepeat(100, out _));
        Assert.Equal(0, window.TakeRepeat(100, out _));
        Assert.Equal((0, 2), (window.Repeats, window.Count));
        Assert.Equal(0, window.FindDue(99));
        Assert.Equal(1, window.FindDue(100));
        Empty(window);
    }

    [Fact]
    public void A_marked_message_that_is_acknowledged_is_not_repeated()
    {
        var window = Filled(8, 2);
        window.MarkRepeat(1);
        Assert.True(window.TryRemove(1, out var payload, out var attempts));
        payload.Release();
        Assert.Equal(1, attempts);
        Assert.Equal((0, 0L), (window.Repeats, window.TakeRepeat(0, out _)));
        Empty(window);
    }

    [Fact]
    public void Attempts_of_earlier_sessions_count()
    {
        var window = New(8);
        window.Add(_payloads.Make(1), attempts: 2, 0, isCharged: false);
        window.MarkRepeat(1);
        Assert.Equal(3, window.Attempts(1));
        Empty(window);
    }

    [Fact]
    public void It_agrees_with_a_plain_list_over_random_histories()
    {
        var random = new Random(11);
        for (var run = 0; run < 50; run++)
        {
            var window = New(random.Next(1, 40));
            var model = new SortedDictionary<long, long>();
            for (var step = 0; step < 500; step++)
            {
                switch (random.Next(4))
                {
                    case 0 or 1 when window.HasRoom:
                        var id = random.NextInt64(1, long.MaxValue);
                        model[window.Add(_payloads.Make(id), 0, 0, isCharged: false)] = id;
                        break;
                    case 2:
                        var sequence = random.NextInt64(Math.Max(1, window.Next - 50), window.Next + 1);
                        Assert.Equal(model.Remove(sequence, out var expected), window.TryRemove(sequence, out var removed, out _));
                        Assert.Equal(removed?.Id ?? 0, expected);
                        removed?.Release();
                        break;
                    default:
                        var through = random.NextInt64(window.First - 1, window.Next + 1);
                        while (window.TryRemoveThrough(through, out var payload, out _))
                        {
                            Assert.Equal(model.First().Value, payload.Id);
                            model.Remove(model.First().Key);
                            payload.Release();
                        }

                        Assert.DoesNotContain(model.Keys, key => key <= through);
                        break;
                }

                Assert.Equal(model.Count, window.Count);
            }

            Empty(window);
        }
    }
}
