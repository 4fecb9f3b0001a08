namespace FastPush.Relay.Users;

/// <summary>What a server knew of a message that came to it.</summary>
internal enum HeldState
{
    /// <summary>Nothing: it holds it from now on.</summary>
    Added,

    /// <summary>It has it in its memory.</summary>
    Here,

    /// <summary>It settled it a moment ago.</summary>
    Settled,

    /// <summary>It gave it back to the store a moment ago.</summary>
    GivenUp,
}

/// <summary>
/// Messages to users that this server has in its memory, and those it settled or gave up a moment ago. Bounded by the memory for messages,
/// and for the latter in number.
/// </summary>
internal sealed class HeldMessages
{
    /// <summary>The generation of a message that the store does not know.</summary>
    public const long NeverStored = -1;

    private const int RecentMax = 16_384;

    private readonly Dictionary<(string User, long Id), long> _held = [];

    // True = settled, false = given up.
    private readonly Dictionary<(string User, long Id), bool> _recent = [];
    private readonly Queue<(string User, long Id)> _recentOrder = new();

    public int Count
    {
        get
        {
            lock (_held)
            {
                return _held.Count;
            }
        }
    }

    /// <summary>
    /// Adds one, with the store's generation at that time, unless it is here or was settled here; also not when it was given up here,
    /// unless the store says that it is this server's again (<paramref name="isTaken"/>): the relay may bring it late.
    /// </summary>
    public HeldState Add(string user, long id, long generation, bool isTaken)
    {
        lock (_held)
        {
            if (_recent.TryGetValue((user, id), out var isSettled) && (isSettled || !isTaken))
            {
                return isSettled ? HeldState.Settled : HeldState.GivenUp;
            }

            return _held.TryAdd((user, id), generation) ? HeldState.Added : HeldState.Here;
        }
    }

    public bool Contains(string user, long id)
    {
        lock (_held)
        {
            return _held.ContainsKey((user, id));
        }
    }

    /// <summary>It was settled here a moment ago.</summary>
    public bool IsSettled(string user, long id)
    {
        lock (_held)
        {
            return _recent.TryGetValue((user, id), out var isSettled) && isSettled;
        }
    }

    /// <summary>It is given up; the generation it was added with, or null when it was not here.</summary>
    public long? Remove(string user, long id)
    {
        lock (_held)
        {
            if (!_held.Remove((user, id), out var generation))
            {
                return null;
            }

            Remember((user, id), isSettled: false);
            return generation;
        }
    }

    /// <summary>It has its outcome; the generation it was added with, or null when it was not here.</summary>
    public long? Settle(string user, long id)
    {
        lock (_held)
        {
            var wasHere = _held.Remove((user, id), out var generation);
            Remember((user, id), isSettled: true);
            return wasHere ? generation : null;
        }
    }

    private void Remember((string User, long Id) message, bool isSettled)
    {
        if (!_recent.TryAdd(message, isSettled))
        {
            _recent[message] |= isSettled;
            return;
        }

        _recentOrder.Enqueue(message);
        if (_recentOrder.Count > RecentMax)
        {
            _recent.Remove(_recentOrder.Dequeue());
        }
    }
}
