using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// Messages of one subscription that wait for its socket or its ACK window: a ring that grows to what its owner admits. Owns one
/// reference (and for user messages one hold) of every payload in it, and says of each whether the session's share answers for it. Under
/// the session's lock.
/// </summary>
internal struct Backlog
{
    // A ring this small is kept when it runs empty, so that short waits do not allocate.
    private const int KeptSlots = 64;

    private Slot[]? _ring;
    private int _first;

    public int Count { get; private set; }

    /// <summary>Bytes of the payloads in it.</summary>
    public long Bytes { get; private set; }

    public void Add(OfflineMessage message, bool isCharged)
    {
        EnsureRoom(1);
        _ring![(_first + Count) & (_ring.Length - 1)] = new Slot(message, isCharged);
        Count++;
        Bytes += message.Payload.Length;
    }

    /// <summary>
    /// Puts older messages in front of what waits already. Those that have a payer are that one's; returns the bytes of the others, for
    /// which the session's share answers from here on.
    /// </summary>
    public long Prepend(IReadOnlyList<OfflineMessage> older)
    {
        var charged = 0L;
        if (older.Count == 0)
        {
            return 0;
        }

        EnsureRoom(older.Count);
        for (var i = older.Count - 1; i >= 0; i--)
        {
            _first = (_first - 1) & (_ring!.Length - 1);
            var isCharged = !older[i].Payload.HasPayer;
            _ring[_first] = new Slot(older[i], isCharged);
            charged += isCharged ? older[i].Payload.Footprint : 0;
            Bytes += older[i].Payload.Length;
        }

        Count += older.Count;
        return charged;
    }

    /// <summary>Ids of the messages in it.</summary>
    public readonly HashSet<long> Ids()
    {
        var ids = new HashSet<long>(Count);
        for (var i = 0; i < Count; i++)
        {
            ids.Add(_ring![(_first + i) & (_ring.Length - 1)].Message.Payload.Id);
        }

        return ids;
    }

    public readonly OfflineMessage Peek() => _ring![_first].Message;

    /// <summary>The oldest; <paramref name="isCharged"/> says whether the session's share answers for it.</summary>
    public OfflineMessage Take(out bool isCharged)
    {
        ref var slot = ref _ring![_first];
        var message = slot.Message;
        isCharged = slot.IsCharged;
        slot = default;
        _first = (_first + 1) & (_ring.Length - 1);
        Count--;
        Bytes -= message.Payload.Length;
        if (Count == 0 && _ring.Length > KeptSlots)
        {
            _ring = null;
            _first = 0;
        }

        return message;
    }

    private void EnsureRoom(int more)
    {
        var need = Count + more;
        if (_ring is not null && need <= _ring.Length)
        {
            return;
        }

        var larger = new Slot[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, need))];
        for (var i = 0; i < Count; i++)
        {
            larger[i] = _ring![(_first + i) & (_ring.Length - 1)];
        }

        _ring = larger;
        _first = 0;
    }

    // The fields of a message side by side: as a message and a flag it would be half as large again.
    private readonly struct Slot(OfflineMessage message, bool isCharged)
    {
        private readonly Payload _payload = message.Payload;
        private readonly byte _attempts = message.Attempts;

        public bool IsCharged { get; } = isCharged;

        public OfflineMessage Message => new(_payload, _attempts);
    }
}
