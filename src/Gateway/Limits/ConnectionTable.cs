namespace FastPush.Gateway.Limits;

/// <summary>
/// Counts every accepted connection of the process, whatever it is and before it has said anything. Those without a valid token have
/// a share of their own; when it or the whole is full, the oldest of them is closed for the newcomer, so that strangers can keep
/// nobody out. Clients' descriptors are bounded by it, so that there are always some for the process itself. Thread-safe.
/// </summary>
internal sealed class ConnectionTable(ConnectionBounds bounds)
{
    private const int SilenceMs = 60_000;

    private readonly Lock _lock = new();
    private readonly List<Action> _waiting = [];
    private ConnectionEntry? _oldest;
    private ConnectionEntry? _newest;
    private int _waitingCount;
    private int _count;
    private int _proven;
    private int _unproven;
    private long _evictions;
    private long _refusals;
    private long _silentUntilMs;

    public ConnectionBounds Bounds { get; } = bounds;

    /// <summary>All whose descriptors are open.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Those that have shown a valid token.</summary>
    public int Proven => Volatile.Read(ref _proven);

    /// <summary>Those that have not, but for the evicted that are about to close.</summary>
    public int Unproven => Volatile.Read(ref _unproven);

    /// <summary>
    /// False while so many of the evicted are still closing that their descriptors are needed first: newcomers wait in the listen backlog
    /// until <see cref="WhenRoom"/> calls.
    /// </summary>
    public bool HasRoom => Count < Bounds.Total + ConnectionBounds.Spare;

    /// <summary>Strangers that were closed for newcomers.</summary>
    public long Evictions => Volatile.Read(ref _evictions);

    /// <summary>Newcomers that were closed because there was no stranger to close for them.</summary>
    public long Refusals => Volatile.Read(ref _refusals);

    /// <summary>
    /// A connection was accepted. Null when there is no place for it. The entry is to be told by
    /// <see cref="ConnectionEntry.Begin"/> who can close it, and by <see cref="ConnectionEntry.Leave"/> that its descriptor is closed.
    /// </summary>
    public ConnectionEntry? TryEnter(long nowMs)
    {
        IConnectionOwner? evicted = null;
        lock (_lock)
        {
            var isFull = _unproven >= Bounds.Unproven || _count >= Bounds.Total;
            if (!HasRoom || (isFull && !TryTakeOldest(out evicted)))
            {
                _refusals++;
                return null;
            }

            _count++;
            _unproven++;
        }

        evicted?.Evict();
        return new ConnectionEntry(this, nowMs);
    }

    /// <summary>
    /// A descriptor is needed, and the system has none: closes the oldest stranger, if there is one. True once a minute, when it is
    /// worth a line of the log.
    /// </summary>
    public bool EvictForDescriptor(long nowMs)
    {
        IConnectionOwner? evicted;
        bool isNews;
        lock (_lock)
        {
            _ = TryTakeOldest(out evicted);
            isNews = nowMs >= _silentUntilMs;
            _silentUntilMs = isNews ? nowMs + SilenceMs : _silentUntilMs;
        }

        evicted?.Evict();
        return isNews;
    }

    /// <summary>Calls <paramref name="retry"/> once, when a connection closes or at the next tick. It must not block or throw.</summary>
    public void WhenRoom(Action retry)
    {
        lock (_lock)
        {
            _waiting.Add(retry);
            Volatile.Write(ref _waitingCount, _waiting.Count);
        }
    }

    /// <summary>Calls those who wait for room.</summary>
    public void Retry()
    {
        if (Volatile.Read(ref _waitingCount) == 0)
        {
            return;
        }

        Action[] waiting;
        lock (_lock)
        {
            waiting = [.. _waiting];
            _waiting.Clear();
            Volatile.Write(ref _waitingCount, 0);
        }

        Array.ForEach(waiting, static retry => retry());
    }

    /// <summary>For <see cref="ConnectionEntry.Begin"/> and <see cref="ConnectionEntry.PassTo"/>.</summary>
    public void Own(ConnectionEntry entry, IConnectionOwner owner, bool isFirst)
    {
        lock (_lock)
        {
            var isNew = entry.Owner is null;
            if (entry.Standing == ConnectionStanding.Unproven && (isNew || !isFirst))
            {
                entry.Owner = owner;
                if (isNew)
                {
                    Link(entry);
                }
            }

            if (entry.Standing != ConnectionStanding.Evicted || isFirst)
            {
                return;
            }
        }

        owner.Evict(); // The one before may have let go of the descriptor before it was told.
    }

    /// <summary>For <see cref="ConnectionEntry.TryProve"/>.</summary>
    public bool TryProve(ConnectionEntry entry)
    {
        lock (_lock)
        {
            if (entry.Standing != ConnectionStanding.Unproven || _proven >= Bounds.Proven)
            {
                return entry.Standing == ConnectionStanding.Proven;
            }

            Unlink(entry);
            entry.Standing = ConnectionStanding.Proven;
            entry.Owner = null;
            _unproven--;
            _proven++;
            return true;
        }
    }

    /// <summary>For <see cref="ConnectionEntry.Leave"/>; null is a proven connection that let go of its entry.</summary>
    public void Leave(ConnectionEntry? entry)
    {
        lock (_lock)
        {
            switch (entry?.Standing ?? ConnectionStanding.Proven)
            {
                case ConnectionStanding.Gone:
                    return;
                case ConnectionStanding.Proven:
                    _proven--;
                    break;
                case ConnectionStanding.Unproven:
                    _unproven--;
                    Unlink(entry!);
                    break;
                default:
                    break;
            }

            if (entry is not null)
            {
                entry.Standing = ConnectionStanding.Gone;
                entry.Owner = null;
            }

            _count--;
        }

        Retry();
    }

    private bool TryTakeOldest(out IConnectionOwner? owner)
    {
        owner = _oldest?.Owner;
        if (_oldest is not { } entry)
        {
            return false;
        }

        Unlink(entry);
        entry.Standing = ConnectionStanding.Evicted;
        _unproven--;
        _evictions++;
        return true;
    }

    private void Link(ConnectionEntry entry)
    {
        entry.Older = _newest;
        if (_newest is null)
        {
            _oldest = entry;
        }
        else
        {
            _newest.Newer = entry;
        }

        _newest = entry;
    }

    // Nothing happens to one that is not linked yet.
    private void Unlink(ConnectionEntry entry)
    {
        if (entry.Older is null ? _oldest != entry : entry.Older.Newer != entry)
        {
            return;
        }

        if (entry.Older is null)
        {
            _oldest = entry.Newer;
        }
        else
        {
            entry.Older.Newer = entry.Newer;
        }

        if (entry.Newer is null)
        {
            _newest = entry.Older;
        }
        else
        {
            entry.Newer.Older = entry.Older;
        }

        entry.Older = entry.Newer = null;
    }
}
