namespace FastPush.Gateway.Sessions;

/// <summary>
/// A session's subscriptions, ordered by number. Changed under the session's lock: by the reader, and by whoever closes the session.
/// The reader may look things up without it; what it finds may have ended meanwhile.
/// </summary>
internal sealed class SubscriptionSet(Session session)
{
    private Subscription[] _items = [];
    private int _nextNumber = 1;

    public Session Session { get; } = session;

    public int Count { get; private set; }

    public ReadOnlySpan<Subscription> Items
    {
        get
        {
            var items = _items;
            return items.AsSpan(0, Math.Min(Count, items.Length));
        }
    }

    /// <summary>The number of the next subscription.</summary>
    public int NextNumber() => _nextNumber++;

    public void Add(Subscription subscription)
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Math.Max(1, Count * 2));
        }

        _items[Count++] = subscription;
    }

    public void Remove(Subscription subscription)
    {
        var at = Items.IndexOf(subscription);
        if (at < 0)
        {
            return;
        }

        Items[(at + 1)..].CopyTo(_items.AsSpan(at));
        _items[--Count] = null!;
    }

    /// <summary>All of them, taken out.</summary>
    public Subscription[] Clear()
    {
        var items = Count == _items.Length ? _items : Items.ToArray();
        _items = [];
        Count = 0;
        return items;
    }

    /// <summary>By the id of its SUBSCRIBE frame, as it came.</summary>
    public Subscription? FindById(ReadOnlySpan<byte> id)
    {
        foreach (var subscription in Items)
        {
            if (subscription.Head.Length != SubscriptionHeads.WithoutId.Length
                && SubscriptionHeads.IdOf(subscription.Head).SequenceEqual(id))
            {
                return subscription;
            }
        }

        return null;
    }

    /// <summary>By its destination's key, for STOMP 1.0 clients that give no id.</summary>
    public Subscription? FindByKey(ReadOnlySpan<byte> key)
    {
        foreach (var subscription in Items)
        {
            if (subscription.Topic.Key.AsSpan().SequenceEqual(key))
            {
                return subscription;
            }
        }

        return null;
    }

    /// <summary>By its number; numbers rise, so this is a binary search.</summary>
    public Subscription? FindByNumber(int number)
    {
        var items = Items;
        var low = 0;
        var high = items.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var found = items[middle].Number;
            if (found == number)
            {
                return items[middle];
            }

            if (found < number)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return null;
    }
}
