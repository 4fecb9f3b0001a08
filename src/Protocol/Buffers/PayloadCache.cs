namespace FastPush.Protocol.Buffers;

/// <summary>
/// Free payloads of one pool that a thread keeps, so that renting and returning take no lock. When the thread is gone, the collector
/// finds its cache and the slots go back to their slabs: they would else be in use for ever. With each <see cref="PayloadPool.Trim"/>
/// they go back too, or a few of them would keep as many slabs from being given up.
/// </summary>
internal sealed class PayloadCache
{
    // Of each size as many as these bytes hold, but no fewer than 4 and no more than 32.
    private const int Bytes = 16 << 10;

    private readonly Bin[] _bins;
    private int _trims;

    public PayloadCache(PayloadPool pool, PayloadSlabs[] slabs)
    {
        Pool = pool;
        _bins = new Bin[slabs.Length];
        for (var i = 0; i < slabs.Length; i++)
        {
            _bins[i].Slabs = slabs[i];
        }
    }

    ~PayloadCache() => GiveAll();

    public PayloadPool Pool { get; }

    /// <summary>A payload of a size, by the size's number.</summary>
    public Payload Take(int size)
    {
        GiveAllAfterTrim();
        ref var bin = ref _bins[size];
        if (bin.Count == 0)
        {
            Refill(ref bin);
        }

        return bin.Payloads![--bin.Count]!;
    }

    /// <summary>Takes a free slot's payload.</summary>
    public void Give(Payload payload)
    {
        GiveAllAfterTrim();
        ref var bin = ref _bins[payload.Slab!.Owner.Number];
        bin.Payloads ??= New(bin.Slabs);
        if (bin.Count == bin.Payloads.Length)
        {
            // The half that lies here longest.
            var half = bin.Count / 2;
            bin.Slabs.Give(bin.Payloads.AsSpan(0, half));
            bin.Payloads.AsSpan(half).CopyTo(bin.Payloads);
            bin.Count -= half;
        }

        bin.Payloads[bin.Count++] = payload;
    }

    private void GiveAllAfterTrim()
    {
        if (_trims != Pool.Trims)
        {
            _trims = Pool.Trims;
            GiveAll();
        }
    }

    private void GiveAll()
    {
        foreach (ref var bin in _bins.AsSpan())
        {
            if (bin.Count > 0)
            {
                bin.Slabs.Give(bin.Payloads.AsSpan(0, bin.Count));
                bin.Count = 0;
            }
        }
    }

    private static Payload?[] New(PayloadSlabs slabs) => new Payload?[Math.Clamp(Bytes / slabs.SlotBytes, 4, 32)];

    private static void Refill(ref Bin bin)
    {
        bin.Payloads ??= New(bin.Slabs);
        bin.Count = bin.Payloads.Length / 2;

        // They are taken from the end, and so in the order in which they lie in memory.
        var payloads = bin.Payloads.AsSpan(0, bin.Count);
        bin.Slabs.Take(payloads);
        payloads.Reverse();
    }

    private struct Bin
    {
        public PayloadSlabs Slabs;
        public Payload?[]? Payloads;
        public int Count;
    }
}
