namespace FastPush.Simulation;

/// <summary>A message that a client has read and may acknowledge.</summary>
internal sealed record Received(Message Message, string Ack, int Place)
{
    /// <summary>The client has sent its acknowledgement.</summary>
    public bool IsSettled { get; set; }
}

/// <summary>One subscription, as its client asked for it and as the model follows it on the wire.</summary>
internal sealed class SimSubscription(string id, Destination destination, string ack, string overflow, int prefetch, Message? resume)
{
    public string Id { get; } = id;

    public Destination Destination { get; } = destination;

    public string Ack { get; } = ack;

    public bool IsAuto => Ack == "auto";

    public int Prefetch { get; } = prefetch;

    /// <summary>It may not miss a message while it lives.</summary>
    public bool IsExact { get; } = overflow is "close" or "spill";

    public bool IsConflating { get; } = overflow == "conflate";

    /// <summary>The message whose id was its last-event-id.</summary>
    public Message? Resume { get; } = resume;

    /// <summary>The gateway has processed its SUBSCRIBE: messages from <see cref="JoinIndex"/> on are its own.</summary>
    public bool IsLive { get; set; }

    public bool IsEnded { get; set; }

    public int JoinIndex { get; set; }

    /// <summary>The event of its beginning.</summary>
    public long Event { get; set; }

    /// <summary>Nothing may be encoded for it from this position of the wire on.</summary>
    public long EndPosition { get; set; } = long.MaxValue;

    /// <summary>The log's index up to which live messages have come.</summary>
    public int NextLive { get; set; }

    /// <summary>The first message from the history must be this one; -1 = not known.</summary>
    public int FirstOlder { get; set; } = -1;

    /// <summary>Behind the newest message from the history; -1 = none came.</summary>
    public int NextOlder { get; set; } = -1;

    public long LastOlderId { get; set; }

    /// <summary>Times each message came.</summary>
    public Dictionary<Message, int> Seen { get; } = [];

    /// <summary>Position of the wire from which on an acknowledged message may not come again.</summary>
    public Dictionary<Message, long> AckedAt { get; } = [];

    /// <summary>What the client has read, each message once.</summary>
    public List<Received> Received { get; } = [];

    /// <summary>Of 100 decisions: acknowledge so many, then refuse so many; the rest are left alone.</summary>
    public (int Ack, int Nack) Habit { get; set; }

    public override string ToString() => $"{Id} {Destination} {Ack} {overflow}";
}
