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
/// The publisher holds the first reference. At zero the object and its buffer go back to the pool.</para>
/// <para>For a message to one user, <see cref="Hold"/> and <see cref="Unhold"/> count the subscriptions that still owe an
/// outcome; the one that takes the count to zero with the message unsettled must put it into the offline queue.</para>
/// </summary>
public sealed class Payload
{
    private readonly PayloadPool _pool;
    private byte[]? _buffer;
    private int _length;
    private int _refs;
    private int _holders;
    private int _settlement;

    internal Payload(PayloadPool pool) => _pool = pool;

    /// <summary>Snowflake id.</summary>
    public long Id { get; private set; }

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

    /// <summary>A subscription's overflow policy let it go: if nobody else delivers it, it is dead instead of waiting again.</summary>
    public bool IsDropped { get; set; }

    /// <summary>The whole tail is valid UTF-8, so it may travel in a WebSocket text frame.</summary>
    public bool IsText { get; private set; }

    /// <summary>The headers hold a backslash, so STOMP 1.0 and 1.1 receivers need them translated.</summary>
    public bool HasEscapes { get; private set; }

    /// <summary>Where the sender's own headers begin in <see cref="Tail"/>.</summary>
    public int HeadersStart { get; private set; }

    /// <summary>Where the body begins in <see cref="Tail"/>.</summary>
    public int BodyStart { get; private set; }

    /// <summary>Everything after the per-subscriber header lines, NUL included.</summary>
    public ReadOnlySpan<byte> Tail => Buffer.AsSpan(0, _length);

    /// <summary>The body alone, without the NUL.</summary>
    public ReadOnlySpan<byte> Body => Buffer.AsSpan(BodyStart, _length - BodyStart - 1);

    /// <summary>The sender's header lines and content-length, each ended by LF, in STOMP 1.2 escapes.</summary>
    public ReadOnlySpan<byte> HeaderLines => Buffer.AsSpan(HeadersStart, BodyStart - HeadersStart - 1);

    /// <summary>Bytes of the tail; what queues count.</summary>
    public int Length => _length;

    /// <summary>The outcome so far.</summary>
    public Settlement Settlement => (Settlement)Volatile.Read(ref _settlement);

    private byte[] Buffer => _buffer ?? throw new InvalidOperationException("payload used after its last release");

    internal void Lease(byte[] buffer)
    {
        Debug.Assert(_buffer is null && _refs == 0, "a pooled payload is in use");
        _buffer = buffer;
        _refs = 1;
        _holders = 0;
        _settlement = 0;
        User = null;
        Queue = null;
        IsDropped = false;
        ExpiresAtMs = 0;
        AcceptedTicks = 0;
    }

    /// <summary>The buffer to render into, before <see cref="Seal"/>.</summary>
    public Span<byte> Writable => Buffer;

    /// <summary>Fixes the rendered tail. Called once, by the publisher, before anybody else sees the payload.</summary>
    public void Seal(long id, long timestampMs, int length, int headersStart, int bodyStart, bool isText)
    {
        Id = id;
        TimestampMs = timestampMs;
        _length = length;
        HeadersStart = headersStart;
        BodyStart = bodyStart;
        IsText = isText;
        HasEscapes = Buffer.AsSpan(0, bodyStart).Contains((byte)'\\');
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
            var buffer = Buffer;
            _buffer = null;
            _pool.Return(this, buffer);
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
    public bool TryHoldFirst() => Volatile.Read(ref _settlement) == 0 && Interlocked.CompareExchange(ref _holders, 1, 0) == 0;

    /// <summary>A subscription owes it no longer. True when that was the last one and nobody settled it.</summary>
    public bool Unhold() => Interlocked.Decrement(ref _holders) == 0 && Volatile.Read(ref _settlement) == 0;

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
