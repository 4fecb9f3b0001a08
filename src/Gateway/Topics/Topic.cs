namespace FastPush.Gateway.Topics;

/// <summary>
/// One destination: <c>/topic/{name}</c>, or one user's queue. Its lock (the object itself) guards the order of messages, the
/// history and changes of <see cref="Subscribers"/>; it is never taken inside a session's lock.
/// </summary>
internal sealed class Topic(byte[] key, string? user, string? queue)
{
    /// <summary>The resolved destination in UTF-8: <c>/topic/room</c> or <c>/user/alice/queue/messages</c>.</summary>
    public byte[] Key { get; } = key;

    /// <summary>Whose queue it is; null for a topic.</summary>
    public string? User { get; } = user;

    /// <summary>The queue's name; null for a topic.</summary>
    public string? Queue { get; } = queue;

    public SubscriberList Subscribers { get; } = new();

    /// <summary>What is known of the other servers; null until it is needed, and always without a cluster.</summary>
    public Cluster.TopicInterest? Interest { get; set; }

    /// <summary>Null until the first message that is kept.</summary>
    public History? History { get; set; }

    /// <summary>The second in which <see cref="HistoryOrder"/> noted it last.</summary>
    public long HistoryNotedAt { get; set; }

    /// <summary>Position of the newest message. A subscription that joins at n gets live what comes after n.</summary>
    public long Position { get; set; }

    /// <summary>The table has let go of it: whoever still holds it must look it up again.</summary>
    public bool Retired { get; set; }
}
