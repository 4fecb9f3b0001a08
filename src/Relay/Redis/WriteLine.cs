namespace FastPush.Relay.Redis;

/// <summary>What waits of one user, in order.</summary>
internal sealed class WriteLine<T>
{
    // Places that nobody else knows, to be used again: a message's settlement allocates nothing.
    private const int SpareMax = 1_024;

    private readonly Stack<LinkedListNode<T>> _spare = new();
    private readonly HashSet<LinkedListNode<T>> _known = [];

    public string Name { get; set; } = "";

    public LinkedList<T> Waiting { get; } = [];

    /// <summary>What failed because of Redis, in order; older than all that waits.</summary>
    public List<T> Failed { get; } = [];

    /// <summary>Of those that wait, so many may be refused.</summary>
    public int Questions { get; set; }

    /// <summary>It has its turn, waits for it, or for Redis.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Adds one; <paramref name="isKnown"/>: the caller keeps its place.</summary>
    public LinkedListNode<T> Add(in T write, bool isKnown)
    {
        if (isKnown)
        {
            var place = Waiting.AddLast(write);
            _known.Add(place);
            return place;
        }

        if (!_spare.TryPop(out var spare))
        {
            return Waiting.AddLast(write);
        }

        spare.Value = write;
        Waiting.AddLast(spare);
        return spare;
    }

    /// <summary>Takes one out before its turn.</summary>
    public void Withdraw(IWriteBehind<T> target, LinkedListNode<T> place)
    {
        _known.Remove(place);
        Questions -= target.MayBeRefused(place.Value) ? 1 : 0;
        Waiting.Remove(place);
    }

    /// <summary>Moves the first ones that may be under way together.</summary>
    public void Choose(IWriteBehind<T> target, int countMax, List<T> portion)
    {
        while (portion.Count < countMax && Waiting.First is { } next && !target.MustFollow(next.Value, portion))
        {
            portion.Add(next.Value);
            Remove(target, next);
        }
    }

    /// <summary>Takes out what somebody waits for.</summary>
    public List<T> TakeUnretried(IWriteBehind<T> target)
    {
        var taken = new List<T>();
        for (var node = Waiting.First; node is not null;)
        {
            var next = node.Next;
            if (!target.IsRetried(node.Value))
            {
                taken.Add(node.Value);
                Remove(target, node);
            }

            node = next;
        }

        return taken;
    }

    private void Remove(IWriteBehind<T> target, LinkedListNode<T> node)
    {
        Questions -= target.MayBeRefused(node.Value) ? 1 : 0;
        Waiting.Remove(node);
        if (!_known.Remove(node) && _spare.Count < SpareMax)
        {
            node.Value = default!;
            _spare.Push(node);
        }
    }
}
