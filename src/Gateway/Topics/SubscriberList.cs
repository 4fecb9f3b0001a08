using FastPush.Gateway.Sessions;

namespace FastPush.Gateway.Topics;

/// <summary>
/// The live subscriptions of a topic. Changed under the topic's lock; read without one: a reader takes <see cref="Snapshot"/> and
/// skips the holes. A slot never moves to another index while its array is shared, so no reader meets a subscription twice or misses
/// one that stayed.
/// </summary>
internal sealed class SubscriberList
{
    private Subscription?[] _slots = [];
    private int[]? _free;
    private int _freeCount;
    private int _end;

    /// <summary>Subscriptions in the list.</summary>
    public int Count { get; private set; }

    /// <summary>Those of them that keep their messages.</summary>
    public int Keepers { get; private set; }

    /// <summary>Slots to iterate; null where nobody is.</summary>
    public ReadOnlySpan<Subscription?> Snapshot()
    {
        var slots = Volatile.Read(ref _slots);
        return slots.AsSpan(0, Math.Min(Volatile.Read(ref _end), slots.Length));
    }

    public void Add(Subscription subscription)
    {
        int slot;
        if (_freeCount > 0)
        {
            slot = _free![--_freeCount];
        }
        else
        {
            slot = _end;
            if (slot == _slots.Length)
            {
                var larger = new Subscription?[Math.Max(1, slot * 2)];
                _slots.CopyTo(larger, 0);
                Volatile.Write(ref _slots, larger);
            }
        }

        subscription.TopicSlot = slot;
        Volatile.Write(ref _slots[slot], subscription);
        if (slot == _end)
        {
            Volatile.Write(ref _end, slot + 1);
        }

        Count++;
        Keepers += subscription.Keeps ? 1 : 0;
    }

    public bool Remove(Subscription subscription)
    {
        var slot = subscription.TopicSlot;
        if (slot < 0)
        {
            return false;
        }

        subscription.TopicSlot = -1;
        Volatile.Write(ref _slots[slot], null);
        Count--;
        Keepers -= subscription.Keeps ? 1 : 0;
        if (Count == 0)
        {
            _slots = [];
            _free = null;
            _freeCount = 0;
            Volatile.Write(ref _end, 0);
            return true;
        }

        if (_free is null || _freeCount == _free.Length)
        {
            Array.Resize(ref _free, Math.Max(4, _freeCount * 2));
        }

        _free[_freeCount++] = slot;
        return true;
    }
}
