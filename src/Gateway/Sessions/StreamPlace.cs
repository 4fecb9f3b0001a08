namespace FastPush.Gateway.Sessions;

/// <summary>Where the reader of an event stream stands in one of several destinations. Under the session's lock.</summary>
internal sealed class StreamPlace(uint destination)
{
    /// <summary>What stands for the destination in ids.</summary>
    public uint Destination { get; } = destination;

    /// <summary>Whose it is; null until it has joined its topic.</summary>
    public Subscription? Subscription { get; set; }

    /// <summary>The message up to which the reader has seen all, in the order of delivery.</summary>
    public long LastId { get; set; }

    /// <summary>An id of the time at which that one was published.</summary>
    public long PublishedId { get; set; }

    public StreamPlace? Next { get; set; }

    public StreamPlace? Before { get; set; }

    public bool IsListed { get; set; }

    /// <summary>Something waits for the reader here.</summary>
    public bool IsPending => Subscription is not { CatchingUp: false, Backlog.Count: 0 };

    /// <summary>Of what was published up to this id the reader has seen all, and of what came later nothing.</summary>
    public bool IsQuietSince(long id) => PublishedId <= id && !IsPending;
}
