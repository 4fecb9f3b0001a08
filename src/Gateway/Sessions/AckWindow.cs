using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// Unacknowledged messages of one subscription: a ring indexed by delivery sequence, so that single and cumulative
/// acknowledgements cost O(1) each. Owns one reference (and for user messages one hold) of every payload in it.
/// Under the session's lock.
/// <para>Its session's <paramref name="share"/> answers for what is in it: whoever adds a message has charged it there (unless its
/// publisher still answers for it), and what is taken out is charged no longer from the next <see cref="Settle"/> on.</para>
/// <para>With <paramref name="findsIds"/> messages are found by their id too (STOMP 1.0 and 1.1): slots whose ids have the same hash are
/// chained.</para>
/// </summary>
internal sealed partial class AckWindow(int limit, MemoryShare share, long bytesMax, bool findsIds = true)
{
    private const int SlotsLeast = 8;
    private const int SlotBytes = 24;

    // A message that is never acknowledged lets so many sequences pass behind it before the window waits for it.
    private const int SpanMax = 4096;

    private Slot[] _slots = new Slot[SlotsLeast];
    private long _bytes;
    private long _freed;
    private long _first = 1;
    private long _next = 1;

    // Nothing in it, but what is to be repeated, was sent before.
    private long _oldestMs = long.MaxValue;

    // No sequence before it is marked for repetition.
    private long _firstRepeat;

    /// <summary>Messages that wait for their acknowledgement.</summary>
    public int Count { get; private set; }

    /// <summary>Messages whose delivery is to be repeated.</summary>
    public int Repeats { get; private set; }

    /// <summary>Bytes of the messages in it.</summary>
    public long Bytes => _bytes;

    /// <summary>Another message may go out.</summary>
    public bool HasRoom => Count < limit && _next - _first < SpanMax && _bytes < bytesMax;

    /// <summary>So many more of so many bytes may go out, and nothing is to be repeated before them.</summary>
    public bool HasRoomFor(int messages, long bytes) =>
        Repeats == 0
        && Count + messages <= limit
        && _next + messages - _first <= SpanMax
        && (Count == 0 || _bytes + bytes <= bytesMax);

    /// <summary>
    /// Takes a message in and returns its sequence, which goes into the <c>ack</c> header. <paramref name="isCharged"/>: the session's
    /// share answers for it.
    /// </summary>
    public long Add(Payload payload, byte attempts, long nowMs, bool isCharged)
    {
        if (_next - _first == _slots.Length)
        {
            Grow();
        }

        ref var slot = ref At(_next);
        slot.Payload = payload;
        slot.SentAtMs = nowMs;
        slot.Attempts = attempts;
        slot.Repeat = false;
        slot.IsCharged = isCharged;
        _bytes += payload.Footprint;
        _oldestMs = Math.Min(_oldestMs, nowMs);
        Chain(_next);
        Count++;
        return _next++;
    }

    /// <summary>Takes the message of a sequence out. False when it is not (or no longer) there.</summary>
    public bool TryRemove(long sequence, out Payload payload, out byte attempts)
    {
        payload = null!;
        attempts = 0;
        if (sequence < _first || sequence >= _next)
        {
            return false;
        }

        ref var slot = ref At(sequence);
        if (slot.Payload is null)
        {
            return false;
        }

        Unchain(sequence);
        payload = slot.Payload;
        attempts = slot.Attempts;
        _bytes -= payload.Footprint;
        _freed += slot.IsCharged ? payload.Footprint : 0;
        Repeats -= slot.Repeat ? 1 : 0;
        slot = default;
        Count--;
        while (_first < _next && At(_first).Payload is null)
        {
            _first++;
        }

        return true;
    }

    /// <summary>The oldest message at or before <paramref name="sequence"/>, taken out; for cumulative acknowledgements.</summary>
    public bool TryRemoveThrough(long sequence, out Payload payload, out byte attempts)
    {
        payload = null!;
        attempts = 0;
        return _first <= sequence && TryRemove(_first, out payload, out attempts);
    }

    /// <summary>
    /// The first sequence from <paramref name="from"/> on whose message was sent at or before <paramref name="sentBeforeMs"/>; 0 when none
    /// is due. Looks at nothing while nothing can be.
    /// </summary>
    public long FindDue(long sentBeforeMs, long from = 0)
    {
        if (from == 0)
        {
            if (Count == 0 || _oldestMs > sentBeforeMs)
            {
                return 0;
            }

            _oldestMs = long.MaxValue;
        }

        for (var sequence = Math.Max(_first, from); sequence < _next; sequence++)
        {
            ref var slot = ref At(sequence);
            if (slot.Payload is null || slot.Repeat)
            {
                continue;
            }

            _oldestMs = Math.Min(_oldestMs, slot.SentAtMs);
            if (slot.SentAtMs <= sentBeforeMs)
            {
                return sequence;
            }
        }

        return 0;
    }

    /// <summary>The oldest sequence that may still be in it.</summary>
    public long First => _first;

    /// <summary>The sequence that the next message gets.</summary>
    public long Next => _next;

    /// <summary>The message of a sequence is still unacknowledged.</summary>
    public bool Contains(long sequence) => sequence >= _first && sequence < _next && At(sequence).Payload is not null;

    /// <summary>The id of a sequence's message; 0 when it is not there.</summary>
    public long IdAt(long sequence) => Contains(sequence) ? At(sequence).Payload!.Id : 0;

    /// <summary>Attempts so far, the first delivery not counted.</summary>
    public byte Attempts(long sequence) => At(sequence).Attempts;

    /// <summary>Marks a message for one more delivery under its old sequence.</summary>
    public bool MarkRepeat(long sequence)
    {
        if (!Contains(sequence) || At(sequence).Repeat)
        {
            return false;
        }

        ref var slot = ref At(sequence);
        slot.Repeat = true;
        slot.Attempts++;
        _firstRepeat = Repeats == 0 ? sequence : Math.Min(_firstRepeat, sequence);
        Repeats++;
        return true;
    }

    /// <summary>The oldest message marked for repetition, no longer marked; it stays in the window.</summary>
    public long TakeRepeat(long nowMs, out Payload payload)
    {
        for (var sequence = Math.Max(_first, _firstRepeat); sequence < _next && Repeats > 0; sequence++)
        {
            ref var slot = ref At(sequence);
            if (slot.Repeat)
            {
                _firstRepeat = sequence + 1;
                slot.Repeat = false;
                slot.SentAtMs = nowMs;
                _oldestMs = Math.Min(_oldestMs, nowMs);
                Repeats--;
                payload = slot.Payload!;
                return sequence;
            }
        }

        payload = null!;
        return 0;
    }

    /// <summary>What was taken out is charged no longer.</summary>
    public void Settle()
    {
        if (_freed != 0)
        {
            share.Remove(_freed);
            _freed = 0;
        }
    }

    /// <summary>Gives back what it grew by while it was full. Needs it to be empty.</summary>
    public void Shrink()
    {
        if (_slots.Length > SlotsLeast)
        {
            share.GiveBack((long)(_slots.Length - SlotsLeast) * SlotBytes);
            _slots = new Slot[SlotsLeast];
            _chains = _chains is null ? null : new ushort[SlotsLeast];
        }
    }

    private ref Slot At(long sequence) => ref _slots[sequence & (_slots.Length - 1)];

    private void Grow()
    {
        // Not refused, or nobody would say when there is room again: who is over the share gets no further messages to hold.
        share.Take((long)_slots.Length * SlotBytes);
        var larger = new Slot[_slots.Length * 2];
        for (var sequence = _first; sequence < _next; sequence++)
        {
            larger[sequence & (larger.Length - 1)] = At(sequence);
        }

        _slots = larger;
        if (_chains is not null)
        {
            _chains = new ushort[larger.Length];
            for (var sequence = _first; sequence < _next; sequence++)
            {
                Chain(sequence);
            }
        }
    }

    private struct Slot
    {
        public Payload? Payload;
        public long SentAtMs;
        public byte Attempts;
        public bool Repeat;
        public bool IsCharged;
        public ushort Chained;
    }
}
