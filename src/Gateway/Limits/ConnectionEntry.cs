namespace FastPush.Gateway.Limits;

/// <summary>Who can close an accepted connection.</summary>
internal interface IConnectionOwner
{
    /// <summary>Its place is wanted for a newcomer: closes it soon. From any thread; must not throw.</summary>
    void Evict();
}

/// <summary>
/// An accepted connection in the <see cref="ConnectionTable"/>, from accept until its descriptor is closed. Travels with the
/// descriptor from owner to owner.
/// </summary>
internal sealed class ConnectionEntry(ConnectionTable table, long acceptedMs)
{
    private volatile ConnectionStanding _standing;

    /// <summary>When it was accepted, on the monotonic clock.</summary>
    public long AcceptedMs { get; } = acceptedMs;

    /// <summary>It has shown a valid token.</summary>
    public bool IsProven => Standing == ConnectionStanding.Proven;

    /// <summary>It was told to close.</summary>
    public bool IsEvicted => Standing == ConnectionStanding.Evicted;

    /// <summary>Changed by the table, under its lock.</summary>
    public ConnectionStanding Standing
    {
        get => _standing;
        set => _standing = value;
    }

    /// <summary>The table's.</summary>
    public IConnectionOwner? Owner { get; set; }

    /// <summary>The table's list of those that can be evicted.</summary>
    public ConnectionEntry? Older { get; set; }

    public ConnectionEntry? Newer { get; set; }

    /// <summary>The first owner is ready to be told to close. Does nothing when the connection has gone on to another meanwhile.</summary>
    public void Begin(IConnectionOwner owner) => table.Own(this, owner, isFirst: true);

    /// <summary>The descriptor has another owner now. That one is told at once if the one before was told to close.</summary>
    public void PassTo(IConnectionOwner owner) => table.Own(this, owner, isFirst: false);

    /// <summary>A valid token came. False when the node has no place for one more user, or this one was told to close already.</summary>
    public bool TryProve() => table.TryProve(this);

    /// <summary>Its descriptor is closed. To be called once; more does no harm.</summary>
    public void Leave() => table.Leave(this);
}

/// <summary>What is known of an accepted connection.</summary>
internal enum ConnectionStanding : byte
{
    /// <summary>Nobody who has shown a valid token.</summary>
    Unproven,

    Proven,

    /// <summary>Told to close, still open.</summary>
    Evicted,

    Gone,
}
