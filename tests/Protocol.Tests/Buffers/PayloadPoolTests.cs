using System.Runtime.CompilerServices;
using FastPush.Protocol.Buffers;

namespace FastPush.Protocol.Tests.Buffers;

public class PayloadPoolTests
{
    private const int Many = 30_000;

    // One slab of each size may be kept, and what threads keep at hand.
    private const long RestBytes = 2 << 20;

    private readonly PayloadPool _pool = new(1 << 30);

    [Theory]
    [InlineData(0, 192)]
    [InlineData(192, 192)]
    [InlineData(193, 256)]
    [InlineData(1024, 1024)]
    [InlineData(1025, 1536)]
    [InlineData(4096, 4096)]
    public void A_small_message_counts_with_its_slot(int bytes, int slot)
    {
        Payload payload = _pool.TryRent(bytes)!;
        Assert.Equal((1, slot, slot), (_pool.Outstanding, _pool.OutstandingBytes, payload.Writable.Length));
        payload.Release();
        Assert.Equal((0, 0), (_pool.Outstanding, _pool.OutstandingBytes));
    }

    [Fact]
    public void A_large_message_counts_with_its_array()
    {
        long before = BytePool.OutstandingBytes;
        Payload payload = _pool.TryRent(PayloadPool.SlotBytesMax + 1)!;
        Assert.InRange(payload.Writable.Length, PayloadPool.SlotBytesMax + 1, int.MaxValue);
        Assert.Equal((1, payload.Writable.Length), (_pool.Outstanding, _pool.OutstandingBytes));
        Assert.Equal(payload.Writable.Length, BytePool.OutstandingBytes - before);
        payload.Release();
        Assert.Equal((0, 0, before), (_pool.Outstanding, _pool.OutstandingBytes, BytePool.OutstandingBytes));
    }

    [Fact]
    public void At_the_bound_nobody_gets_more()
    {
        var pool = new PayloadPool(1024);
        Payload first = pool.TryRent(512)!;
        Payload second = pool.TryRent(500)!;
        Assert.Null(pool.TryRent(1));
        second.Release();
        Payload? third = pool.TryRent(1);
        Assert.NotNull(third);
        third.Release();
        first.Release();
        Assert.Equal(0, pool.Outstanding);
    }

    [Fact]
    public void Messages_do_not_share_memory()
    {
        List<Payload> payloads = [];
        foreach (int bytes in Enumerable.Range(0, 2000).Select(i => i * 3))
        {
            Payload payload = _pool.TryRent(bytes)!;
            payload.Writable.Fill((byte)payloads.Count);
            payload.Seal(1, 1, payload.Writable.Length, 0, 0, isText: false);
            payloads.Add(payload);
        }

        for (int i = 0; i < payloads.Count; i++)
        {
            Assert.False(payloads[i].Tail.ContainsAnyExcept((byte)i), $"message {i} was overwritten");
            payloads[i].Release();
        }

        Assert.Equal(0, _pool.OutstandingBytes);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(5000)]
    public void After_its_last_release_it_is_not_to_be_used(int bytes)
    {
        Payload payload = _pool.TryRent(bytes)!;
        payload.Seal(1, 1, bytes, 0, 2, isText: true);
        payload.Release();
        Assert.Throws<InvalidOperationException>(() => payload.Tail.Length);
        Assert.Throws<InvalidOperationException>(() => payload.Writable.Length);
        Assert.Throws<InvalidOperationException>(payload.Release);
    }

    [Fact]
    public void The_memory_of_a_spike_goes_back()
    {
        long discarded = 0;
        var pool = new PayloadPool(1 << 30, (address, bytes) =>
        {
            // As the system does: what the range holds is lost.
            unsafe
            {
                new Span<byte>((void*)address, (int)bytes).Fill(0xEE);
            }

            discarded += bytes;
        });
        Payload stays = pool.TryRent(300)!;
        stays.Writable.Fill(7);
        Payload[] spike = [.. Enumerable.Range(0, Many).Select(i => pool.TryRent(i % 3000)!)];
        long most = pool.SlabBytes;
        Assert.InRange(most, pool.OutstandingBytes, long.MaxValue);
        Shuffle(spike);
        foreach (Payload payload in spike)
        {
            payload.Release();
        }

        // Not before a whole interval has shown that nobody needs it.
        Assert.Equal((0, 0, most), (pool.Trim(), discarded, pool.SlabBytes));
        pool.TryRent(10)!.Release();
        long trimmed = pool.Trim();
        trimmed += pool.Trim();
        Assert.Equal((trimmed, most - trimmed), (discarded, pool.SlabBytes));
        Assert.InRange(pool.SlabBytes, 0, RestBytes);
        Assert.Equal(-1, stays.Writable.IndexOfAnyExcept((byte)7));
        stays.Release();
        Assert.Equal(0, pool.OutstandingBytes);
    }

    [Fact]
    public void What_is_needed_again_and_again_is_kept()
    {
        for (int round = 0; round < 5; round++)
        {
            Payload[] payloads = [.. Enumerable.Range(0, Many).Select(_ => _pool.TryRent(200)!)];
            foreach (Payload payload in payloads)
            {
                payload.Release();
            }

            _pool.Trim();
            Assert.InRange(_pool.SlabBytes, Many * 256L, (Many * 256L) + RestBytes);
        }
    }

    [Fact]
    public void What_a_thread_had_at_hand_comes_back_when_it_is_gone()
    {
        for (int i = 0; i < 20; i++)
        {
            RunThread(_pool);
        }

        var deadline = DateTime.UtcNow.AddSeconds(30);
        while (_pool.AtHand != 0 && DateTime.UtcNow < deadline)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(0, _pool.AtHand);
    }

    [Fact]
    public void Threads_may_release_what_others_rented()
    {
        const int Threads = 4;
        var shared = new System.Collections.Concurrent.ConcurrentBag<Payload>();
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(seed => new Thread(() => Churn(shared, seed)))];
        Array.ForEach(threads, t => t.Start());
        for (int i = 0; i < 100; i++)
        {
            _pool.Trim();
        }

        Array.ForEach(threads, t => t.Join());
        while (shared.TryTake(out Payload? payload))
        {
            CheckAndRelease(payload);
        }

        Assert.Equal((0, 0), (_pool.Outstanding, _pool.OutstandingBytes));
    }

    private void Churn(System.Collections.Concurrent.ConcurrentBag<Payload> shared, int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            if (random.Next(2) == 0 && shared.TryTake(out Payload? old))
            {
                CheckAndRelease(old);
                continue;
            }

            int bytes = random.Next(8, 6000);
            Payload payload = _pool.TryRent(bytes)!;
            payload.Writable[..bytes].Fill((byte)bytes);
            payload.Seal(bytes, 1, bytes, 0, 0, isText: false);
            shared.Add(payload);
        }
    }

    private static void CheckAndRelease(Payload payload)
    {
        if (payload.Tail.Length != payload.Id || payload.Tail.ContainsAnyExcept((byte)payload.Id))
        {
            throw new InvalidOperationException($"a message of {payload.Id} bytes was overwritten");
        }

        payload.Release();
    }

    // Not inlined, so that nothing of the thread stays on the caller's stack.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunThread(PayloadPool pool)
    {
        var thread = new Thread(() => pool.TryRent(100)!.Release());
        thread.Start();
        thread.Join();
    }

    private static void Shuffle(Payload[] payloads) => new Random(1).Shuffle(payloads);
}
