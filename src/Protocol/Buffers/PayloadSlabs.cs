namespace FastPush.Protocol.Buffers;

/// <summary>
/// All slabs whose slots have one size. Slabs that are in use are filled before others are begun, so that those of a spike run empty;
/// one that stays empty from <see cref="Trim"/> to <see cref="Trim"/> is given up. Safe from any thread.
/// </summary>
internal sealed class PayloadSlabs(PayloadPool pool, int number, int slotBytes)
{
    // One is kept, so that a few messages now and then do not make a slab each time.
    private const int EmptyKept = 1;

    private readonly Lock _lock = new();
    private readonly Stack<PayloadSlab> _empty = new();
    private PayloadSlab? _partial;
    private int _count;
    private int _taken;
    private int _emptyLeast;

    public PayloadPool Pool => pool;

    /// <summary>Which of the pool's sizes this is, from 0 on.</summary>
    public int Number => number;

    /// <summary>Bytes of each slot.</summary>
    public int SlotBytes => slotBytes;

    /// <summary>Slots of each slab.</summary>
    public int SlotsOfSlab => PayloadSlab.Bytes / slotBytes;

    /// <summary>Slabs that exist.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Slots that are in no slab: those of messages and those that threads keep at hand.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Fills <paramref name="payloads"/> from free slots, and from new slabs when there are none.</summary>
    public void Take(Span<Payload?> payloads)
    {
        lock (_lock)
        {
            _taken += payloads.Length;
            foreach (ref var payload in payloads)
            {
                var slab = _partial ?? Begin();
                payload = slab.Take();
                if (slab.Free == 0)
                {
                    Unlink(slab);
                }
            }
        }
    }

    /// <summary>Takes slots back.</summary>
    public void Give(ReadOnlySpan<Payload?> payloads)
    {
        lock (_lock)
        {
            _taken -= payloads.Length;
            foreach (var payload in payloads)
            {
                var slab = payload!.Slab!;
                slab.Give(payload);
                if (slab.Free == 1)
                {
                    Link(slab);
                }
                else if (slab.IsEmpty)
                {
                    Unlink(slab);
                    _empty.Push(slab);
                }
            }
        }
    }

    /// <summary>
    /// Gives up the slabs that were not needed since the last call, each after <paramref name="discard"/> was told of its memory. Returns
    /// their number.
    /// </summary>
    public int Trim(Action<nint, nint>? discard)
    {
        PayloadSlab[] unneeded;
        lock (_lock)
        {
            unneeded = new PayloadSlab[Math.Max(0, _emptyLeast - EmptyKept)];
            for (var i = 0; i < unneeded.Length; i++)
            {
                unneeded[i] = _empty.Pop();
            }

            _count -= unneeded.Length;
            _emptyLeast = _empty.Count;
        }

        if (discard is not null)
        {
            foreach (var slab in unneeded)
            {
                slab.Discard(discard);
            }
        }

        return unneeded.Length;
    }

    private PayloadSlab Begin()
    {
        if (_empty.TryPop(out var slab))
        {
            _emptyLeast = Math.Min(_emptyLeast, _empty.Count);
        }
        else
        {
            slab = new PayloadSlab(this);
            _count++;
        }

        Link(slab);
        return slab;
    }

    private void Link(PayloadSlab slab)
    {
        slab.Next = _partial;
        if (_partial is not null)
        {
            _partial.Previous = slab;
        }

        _partial = slab;
    }

    private void Unlink(PayloadSlab slab)
    {
        if (slab.Previous is null)
        {
            _partial = slab.Next;
        }
        else
        {
            slab.Previous.Next = slab.Next;
        }

        if (slab.Next is not null)
        {
            slab.Next.Previous = slab.Previous;
        }

        slab.Previous = slab.Next = null;
    }
}
