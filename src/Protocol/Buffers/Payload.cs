using System.Diagnostics;

namespace FastPush.Protocol.Buffers;

/// <summary>How far a message to one user has come.</summary>
public enum Settlement
{
    Open,
    Delivered,
    Acked,
    Expired,
    Dead,
}

/// <summary>
/// One message, encoded once for all receivers: the tail of its MESSAGE frame
/// (<c>message-id … headers … content-length \n\n body NUL</c>), counted by references.
/// <para>Ownership: whoever stores a payload calls <see cref="AddRef"/> first; whoever drops it calls <see cref="Release"/>.
/// The publisher holds the first reference. At zero the object and its memory go back to the pool.</para>
/// <para>For a message to one user, <see cref="Hold"/> and <see cref="Unhold"/> count the subscriptions that still owe an
/// outcome; the one that takes the count to zero with the message unsettled must put it into the offline queue.</para>
/// </summary>
public sealed class Payload
{
    /// <summary>What a payload takes beside its bytes, about: this object and its place in a list.</summary>
    public const int ObjectBytes = 192;

    // What became of holds is noted in the same word as their number: whoever gives up the last one sees it all.
    private const int HoldsMask = (1 << 24) - 1;
    private const int Dropped = 1 << 24;
    private const int Returned = 1 << 25;

    private readonly PayloadPool _pool;
    private MemoryShare? _payer;
    private readonly int _start;
    private byte[] _buffer;
    private int _capacity;
    private int _length;
    private int _refs;
    private int _holders;
    private int _settlement;

    /// <summary>One without memory of its own, for messages that are too large for slots.</summary>
    internal Payload(PayloadPool pool)
    {
        _pool = pool;
        _buffer = [];
    }

    /// <summary>The one of a slot.</summary>
    internal Payload(PayloadPool pool, PayloadSlab slab, byte[] buffer, int start, int capacity)
    {
        _pool = pool;
        Slab = slab;
        _buffer = buffer;
        _start = start;
        _capacity = capacity;
    }

    /// <summary>Snowflake id.</summary>
    public long Id { get; private set; }

    /// <summary>
    /// An id of the time at which it was published: its own, unless it was held back after it had got that (by a transaction).
    /// </summary>
    public long PublishedId { get; set; }

    /// <summary>When it was accepted, Unix milliseconds.</summary>
    public long TimestampMs { get; private set; }

    /// <summary>When it loses its worth, Unix milliseconds; 0 = never.</summary>
    public long ExpiresAtMs { get; set; }

    /// <summary>Accepted at this reading of the monotonic clock, for the latency histogram; 0 = not measured here.</summary>
    public long AcceptedTicks { get; set; }

    /// <summary>The user it is for; null for a topic's message.</summary>
    public string? User { get; set; }

    /// <summary>The queue of that user; null for a topic's message.</summary>
    public string? Queue { get; set; }

    /// <summary>
    /// Subscriptions' overflow policies let it go, and nobody else owed it: it is dead instead of waiting again. Certain once
    /// <see cref="Unhold"/> has said that nobody holds it any more.
    /// </summary>
    public bool IsDropped
    {
        get => (Volatile.Read(ref _holders) & (Dropped | Returned)) == Dropped;
        set => Interlocked.Or(ref _holders, value ? Dropped : 0);
    }

    /// <summary>Somebody who owed it ended without an outcome, so it must wait for the next one, whoever drops it.</summary>
    public bool IsReturned
    {
        get => (Volatile.Read(ref _holders) & Returned) != 0;
        set => Interlocked.Or(ref _holders, value ? Returned : 0);
    }

    /// <summary>Some client may have got it, so it counts as attempted wherever it goes from here.</summary>
    public bool WasSent { get; set; }

    /// <summary>An earlier publish under its id was not confirmed, so a shared store may have it already.</summary>
    public bool MayBeStored { get; set; }

    /// <summary>The whole tail is valid UTF-8, so it may travel in a WebSocket text frame.</summary>
    public bool IsText { get; private set; }

    /// <summary>The headers hold a backslash, so STOMP 1.0 and 1.1 receivers need them translated.</summary>
    public bool HasEscapes { get; private set; }

    /// <summary>Where the sender's own headers begin in <see cref="Tail"/>.</summary>
    public int HeadersStart { get; private set; }

    /// <summary>Where the body begins in <see cref="Tail"/>.</summary>
    public int BodyStart { get; private set; }

    /// <summary>Everything after the per-subscriber header lines, NUL included.</summary>
    public ReadOnlySpan<byte> Tail => Buffer.AsSpan(_start, _length);

    /// <summary>The body alone, without the NUL.</summary>
    public ReadOnlySpan<byte> Body => Buffer.AsSpan(_start + BodyStart, _length - BodyStart - 1);

    /// <summary>The sender's header lines and content-length, each ended by LF, in STOMP 1.2 escapes.</summary>
    public ReadOnlySpan<byte> HeaderLines => Buffer.AsSpan(_start + HeadersStart, BodyStart - HeadersStart - 1);

    /// <summary>Bytes of the tail; what queues count.</summary>
    public int Length => _length;

    /// <summary>True bytes that it takes; what whoever answers for it counts. Does not change while it is in use.</summary>
    public long Footprint => _capacity + ObjectBytes;

    /// <summary>Somebody answers for it wherever it waits: its publisher, or later its user.</summary>
    public bool HasPayer => Volatile.Read(ref _payer) is not null;

    /// <summary>The outcome so far.</summary>
    public Settlement Settlement => (Settlement)Volatile.Read(ref _settlement);

    /// <summary>Bytes that it has room for; what the pool counts.</summary>
    internal int Capacity => _capacity;

    /// <summary>Where its slot is; null when it has an array of the <see cref="BytePool"/>.</summary>
    internal PayloadSlab? Slab { get; }

    private byte[] Buffer => _refs > 0 ? _buffer : throw new InvalidOperationException("payload used after its last release");

    internal void Attach(byte[] buffer)
    {
        _buffer = buffer;
        _capacity = buffer.Length;
    }

    internal byte[] Detach()
    {
        var buffer = _buffer;
        _buffer = [];
        _capacity = 0;
        return buffer;
    }

    internal void Lease(MemoryShare? payer)
    {
        Debug.Assert(_refs == 0, "a pooled payload is in use");
        _refs = 1;
        _payer = payer;
        _holders = 0;
        _settlement = 0;
        User = null;
        Queue = null;
        MayBeStored = false;
        WasSent = false;
        ExpiresAtMs = 0;
        AcceptedTicks = 0;
    }

    /// <summary>The memory to render into, before <see cref="Seal"/>.</summary>
    public Span<byte> Writable => Buffer.AsSpan(_start, _capacity);

    /// <summary>Fixes the rendered tail. Called once, by the publisher, before anybody else sees the payload.</summary>
    public void Seal(long id, long timestampMs, int length, int headersStart, int bodyStart, bool isText)
    {
        Id = id;
        PublishedId = id;
        TimestampMs = timestampMs;
        _length = length;
        HeadersStart = headersStart;
        BodyStart = bodyStart;
        IsText = isText;
        HasEscapes = Buffer.AsSpan(_start, bodyStart).Contains((byte)'\\');
    }

    /// <summary>This party answers for it from here on, unless another does.</summary>
    public void Charge(MemoryShare payer)
    {
        ArgumentNullException.ThrowIfNull(payer);
        payer.Add(Footprint);
        if (Interlocked.CompareExchange(ref _payer, payer, null) is not null)
        {
            payer.Remove(Footprint);
        }
    }

    /// <summary>Who answered for it does no longer: those who keep it answer for what they keep.</summary>
    public void Discharge()
    {
        if (Volatile.Read(ref _payer) is not null)
        {
            Interlocked.Exchange(ref _payer, null)?.Remove(Footprint);
        }
    }

    /// <summary>One more owner.</summary>
    public void AddRef()
    {
        var refs = Interlocked.Increment(ref _refs);
        Debug.Assert(refs > 1, "a payload was revived after its last release");
    }

    /// <summary>One owner less; the last one returns it to the pool.</summary>
    public void Release()
    {
        var refs = Interlocked.Decrement(ref _refs);
        if (refs == 0)
        {
            _pool.Return(this);
        }
        else if (refs < 0)
        {
            throw new InvalidOperationException("payload released twice");
        }
    }

    /// <summary>A subscription now owes this message an outcome.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>
    /// Holds a message that comes out of a queue. False when nobody needs to: it is settled, or a subscription that got it in another
    /// way (from the history) owes its outcome.
    /// </summary>
    public bool TryHoldFirst()
    {
        var seen = Volatile.Read(ref _holders);
        return Volatile.Read(ref _settlement) == 0
            && (seen & HoldsMask) == 0
            && Interlocked.CompareExchange(ref _holders, 1, seen) == seen; // What was noted of former holds is over.
    }

    /// <summary>A subscription owes it no longer. True when that was the last one and nobody settled it.</summary>
    public bool Unhold() => (Interlocked.Decrement(ref _holders) & HoldsMask) == 0 && Volatile.Read(ref _settlement) == 0;

    /// <summary>Notes an outcome. True when it is new: an acknowledgement after a delivery counts, nothing after an end does.</summary>
    public bool Settle(Settlement outcome)
    {
        while (true)
        {
            var seen = Volatile.Read(ref _settlement);
            if (seen >= (int)Settlement.Acked || seen == (int)outcome)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _settlement, (int)outcome, seen) == seen)
            {
                return true;
            }
        }
    }
}
