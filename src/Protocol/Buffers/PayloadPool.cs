namespace FastPush.Protocol.Buffers;

/// <summary>
/// Recycles payloads and counts the memory of all messages that are queued, unacknowledged or kept as history, each once however many
/// receivers wait for it. When the bound of their <see cref="MemoryAccount"/> is reached, publishers are refused; nothing accepted is
/// dropped.
/// <para>Messages up to <see cref="SlotBytesMax"/> lie in slots of pinned slabs, since those that histories keep would else be copied by
/// two collections each. Larger ones have an array of the <see cref="BytePool"/>.</para>
/// </summary>
public sealed class PayloadPool
{
    /// <summary>The largest message that gets a slot, in bytes.</summary>
    public const int SlotBytesMax = 4096;

    // Counted in units of a cache line, in one number with how many there are, so that each rent and return is one interlocked add.
    private const int UnitBytes = 64;
    private const int UnitBits = 36;
    private const int SharedShellsMax = 1024;

    // The most by which a slot is too large is a third, less for the smallest; a message of a few bytes needs 150 for its headers.
    private static readonly int[] s_slotBytes = [192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, SlotBytesMax];
    private static readonly byte[] s_classes = Classes();

    [ThreadStatic]
    private static PayloadCache? t_cache;

    private readonly PayloadSlabs[] _slabs;
    private readonly Stack<Payload> _shells = new();
    private readonly MemoryAccount _account;
    private readonly Action<nint, nint>? _discard;
    private ulong _outstanding;
    private int _trims;

    /// <param name="bytesMax">The bound on <see cref="OutstandingBytes"/>.</param>
    /// <param name="discard">
    /// Told the address and length of memory that is given up: the collector keeps such pages, the system may have them. After the call
    /// they may hold anything.
    /// </param>
    public PayloadPool(long bytesMax, Action<nint, nint>? discard = null)
        : this(new MemoryAccount(bytesMax), discard)
    {
    }

    /// <param name="account">Where its payloads count, with what else is in it.</param>
    /// <param name="discard">As above.</param>
    public PayloadPool(MemoryAccount account, Action<nint, nint>? discard = null)
    {
        _account = account ?? throw new ArgumentNullException(nameof(account));
        _account.Payloads = this;
        _discard = discard;
        _slabs = [.. s_slotBytes.Select((bytes, number) => new PayloadSlabs(this, number, bytes))];
    }

    /// <summary>Payloads in use.</summary>
    public long Outstanding => (long)(Volatile.Read(ref _outstanding) >> UnitBits);

    /// <summary>Bytes of the slots and arrays of payloads in use.</summary>
    public long OutstandingBytes => (long)(Volatile.Read(ref _outstanding) & ((1UL << UnitBits) - 1)) * UnitBytes;

    /// <summary>Bytes of all slabs, the free slots in them included.</summary>
    public long SlabBytes => _slabs.Sum(s => (long)s.Count) * PayloadSlab.Bytes;

    /// <summary>How often <see cref="Trim"/> was called.</summary>
    internal int Trims => Volatile.Read(ref _trims);

    /// <summary>Free slots that threads keep at hand, as long as no large message is in use.</summary>
    internal long AtHand => _slabs.Sum(s => (long)s.Taken) - Outstanding;

    /// <summary>
    /// A payload with room for <paramref name="bytes"/>, one reference held by the caller; null when the bound is reached, or that of
    /// <paramref name="payer"/>, who answers for it from here on.
    /// </summary>
    public Payload? TryRent(int bytes, MemoryShare? payer = null)
    {
        var size = bytes <= SlotBytesMax ? s_classes[(bytes + UnitBytes - 1) / UnitBytes] : -1;
        var capacity = size < 0 ? BytePool.SizeFor(bytes) : s_slotBytes[size];
        if (payer is not null && !payer.TryAdd(capacity + Payload.ObjectBytes))
        {
            return null;
        }

        if (!_account.HasRoomFor(capacity))
        {
            payer?.Remove(capacity + Payload.ObjectBytes);
            return null;
        }

        var cache = t_cache;
        if (cache is null || !ReferenceEquals(cache.Pool, this))
        {
            t_cache = cache = new PayloadCache(this, _slabs);
        }

        Payload payload;
        if (size >= 0)
        {
            payload = cache.Take(size);
        }
        else
        {
            payload = TakeShell();
            payload.Attach(BytePool.Rent(bytes));
        }

        Interlocked.Add(ref _outstanding, Count(payload.Capacity));
        payload.Lease(payer);
        return payload;
    }

    /// <summary>
    /// Gives up slabs that were not needed since the last call: who calls it every few seconds gets the memory of a spike back.
    /// </summary>
    /// <returns>Bytes given up.</returns>
    public long Trim()
    {
        Interlocked.Increment(ref _trims);
        long slabs = 0;
        foreach (var size in _slabs)
        {
            slabs += size.Trim(_discard);
        }

        return slabs * PayloadSlab.Bytes;
    }

    internal void Return(Payload payload)
    {
        payload.Discharge();
        Interlocked.Add(ref _outstanding, 0 - Count(payload.Capacity));
        if (payload.Slab is not { } slab)
        {
            BytePool.Return(payload.Detach());
            GiveShell(payload);
            return;
        }

        var cache = t_cache;
        if (cache is not null && ReferenceEquals(cache.Pool, this))
        {
            cache.Give(payload);
        }
        else
        {
            slab.Owner.Give([payload]);
        }
    }

    private static ulong Count(int bytes) => (1UL << UnitBits) + (((uint)bytes + UnitBytes - 1) / UnitBytes);

    private static byte[] Classes()
    {
        var classes = new byte[(SlotBytesMax / UnitBytes) + 1];
        for (var i = 0; i < classes.Length; i++)
        {
            classes[i] = (byte)Array.FindIndex(s_slotBytes, bytes => bytes >= i * UnitBytes);
        }

        return classes;
    }

    private Payload TakeShell()
    {
        lock (_shells)
        {
            return _shells.TryPop(out var shell) ? shell : new Payload(this);
        }
    }

    private void GiveShell(Payload payload)
    {
        lock (_shells)
        {
            if (_shells.Count < SharedShellsMax)
            {
                _shells.Push(payload);
            }
        }
    }
}
