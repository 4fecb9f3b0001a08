namespace FastPush.Relay.Redis;

/// <summary>What waits of one user, in order. Guarded by its owner's lock. A change allocates nothing, but for who keeps a place.</summary>
internal sealed class WriteLine<T>
{
    // From so many on it looks whether most of what stands here was withdrawn.
    private const int CompactAt = 64;

    private readonly Queue<(T Write, WritePlace? Place)> _waiting = new();
    private int _withdrawn;

    public string Name { get; set; } = "";

    /// <summary>What failed because of Redis, in order; older than all that waits.</summary>
    public List<T> Failed { get; } = [];

    /// <summary>Those that wait.</summary>
    public int Count => _waiting.Count - _withdrawn;

    /// <summary>Of those that wait, so many may be refused.</summary>
    public int Questions { get; private set; }

    /// <summary>It has its turn, waits for it, or for Redis.</summary>
    public bool IsBusy { get; set; }

    public void Add(IWriteBehind<T> target, in T write, WritePlace? place)
    {
        Questions += target.MayBeRefused(write) ? 1 : 0;
        _waiting.Enqueue((write, place));
    }

    /// <summary>Takes one out before its turn; false when that was.</summary>
    public bool TryWithdraw(IWriteBehind<T> target, in T write, WritePlace place)
    {
        if (!place.IsWaiting)
        {
            return false;
        }

        place.IsWaiting = false;
        Questions -= target.MayBeRefused(write) ? 1 : 0;
        if (++_withdrawn * 2 > _waiting.Count && _withdrawn >= CompactAt)
        {
            Keep(static (_, _) => true, target, taken: null);
        }

        return true;
    }

    /// <summary>Moves the first ones that may be under way together.</summary>
    public void Choose(IWriteBehind<T> target, int countMax, List<T> portion)
    {
        while (portion.Count < countMax && _waiting.TryPeek(out var next))
        {
            if (next.Place is { IsWaiting: false })
            {
                _withdrawn--;
            }
            else if (target.MustFollow(next.Write, portion))
            {
                return;
            }
            else
            {
                Leave(target, next);
                portion.Add(next.Write);
            }

            _waiting.Dequeue();
        }
    }

    /// <summary>Takes out what somebody waits for.</summary>
    public List<T> TakeUnretried(IWriteBehind<T> target)
    {
        var taken = new List<T>();
        Keep(static (target, write) => target.IsRetried(write), target, taken);
        return taken;
    }

    /// <summary>Takes out all.</summary>
    public List<T> TakeAll(IWriteBehind<T> target)
    {
        List<T> taken = [.. Failed];
        Failed.Clear();
        Keep(static (_, _) => false, target, taken);
        return taken;
    }

    private void Keep(Func<IWriteBehind<T>, T, bool> isKept, IWriteBehind<T> target, List<T>? taken)
    {
        for (var i = _waiting.Count; i > 0; i--)
        {
            var entry = _waiting.Dequeue();
            if (entry.Place is { IsWaiting: false })
            {
                continue;
            }

            if (isKept(target, entry.Write))
            {
                _waiting.Enqueue(entry);
            }
            else
            {
                Leave(target, entry);
                taken!.Add(entry.Write);
            }
        }

        _withdrawn = 0;
    }

    private void Leave(IWriteBehind<T> target, in (T Write, WritePlace? Place) entry)
    {
        Questions -= target.MayBeRefused(entry.Write) ? 1 : 0;
        if (entry.Place is { } place)
        {
            place.IsWaiting = false;
        }
    }
}

/// <summary>The place of a change in its line, for who may want to take it back.</summary>
internal sealed class WritePlace
{
    /// <summary>It is not yet under way. Written under the lock of the lines.</summary>
    public bool IsWaiting { get; set; } = true;
}
