using System.Numerics;

namespace FastPush.Notifications.Publishing;

/// <summary>The idempotency keys of one principal, oldest first. Used under the lock of <see cref="IdempotencyKeys"/>.</summary>
internal sealed class PublisherKeys(string principal)
{
    private readonly Dictionary<UInt128, long> _ids = [];
    private readonly Queue<(UInt128 Key, long AtMs)> _order = [];

    public string Principal { get; } = principal;

    /// <summary>Keys of publishes that are on their way.</summary>
    public Dictionary<UInt128, KeyClaim> Pending { get; } = [];

    public int Count => _ids.Count;

    public bool IsEmpty => _ids.Count == 0 && Pending.Count == 0;

    /// <summary>Place in the list of those with about as many keys.</summary>
    public int Index { get; set; }

    /// <summary>Which list: those of one have less than twice as many keys as each other.</summary>
    public int SizeClass { get; set; }

    public int SizeClassNow => BitOperations.Log2((uint)_ids.Count + 1);

    public bool TryGet(UInt128 key, out long id) => _ids.TryGetValue(key, out id);

    public void Add(UInt128 key, long id, long nowMs)
    {
        _ids[key] = id;
        _order.Enqueue((key, nowMs));
    }

    /// <summary>Forgets what came before <paramref name="thenMs"/>, and returns how many keys that were.</summary>
    public int Expire(long thenMs)
    {
        var before = Count;
        while (_order.TryPeek(out var oldest) && oldest.AtMs <= thenMs)
        {
            RemoveOldest();
        }

        return before - Count;
    }

    public void RemoveOldest() => _ids.Remove(_order.Dequeue().Key);

    /// <summary>Gives back room that is not needed any more.</summary>
    public void Trim()
    {
        if (_ids.Count < _ids.Capacity / 4)
        {
            _ids.TrimExcess();
            _order.TrimExcess();
        }
    }
}
