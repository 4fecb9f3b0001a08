namespace FastPush.Relay.Redis;

/// <summary>What waits of one user, in order.</summary>
internal sealed class WriteLine<T>(string name)
{
    public string Name => name;

    public LinkedList<T> Waiting { get; } = [];

    /// <summary>What failed because of Redis, in order; older than all that waits.</summary>
    public List<T> Failed { get; } = [];

    /// <summary>Of those that wait, so many may be refused.</summary>
    public int Questions { get; set; }

    /// <summary>It has its turn, waits for it, or for Redis.</summary>
    public bool IsBusy { get; set; }

    /// <summary>Moves the first ones that may be under way together.</summary>
    public void Choose(IWriteBehind<T> target, int countMax, List<T> portion)
    {
        while (portion.Count < countMax && Waiting.First is { } next && !target.MustFollow(next.Value, portion))
        {
            Remove(target, next);
            portion.Add(next.Value);
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
                Remove(target, node);
                taken.Add(node.Value);
            }

            node = next;
        }

        return taken;
    }

    private void Remove(IWriteBehind<T> target, LinkedListNode<T> node)
    {
        Questions -= target.MayBeRefused(node.Value) ? 1 : 0;
        Waiting.Remove(node);
    }
}
