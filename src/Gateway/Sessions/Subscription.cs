using FastPush.Gateway.Topics;

namespace FastPush.Gateway.Sessions;

/// <summary>STOMP 1.2, "SUBSCRIBE ack Header".</summary>
internal enum AckMode : byte
{
    Auto,
    Client,
    ClientIndividual,
}

/// <summary>What happens to a subscription whose client reads too slowly for its outbox.</summary>
internal enum OverflowPolicy : byte
{
    /// <summary>The connection is closed with 1008 and reason <c>slow-consumer</c>.</summary>
    Close,

    /// <summary>The oldest waiting messages of this subscription make room.</summary>
    DropOldest,

    /// <summary>While it is behind, only the newest message waits.</summary>
    Conflate,

    /// <summary>Messages wait beyond the outbox, up to the bounds of an offline queue; then as <see cref="Close"/>.</summary>
    Spill,
}

/// <summary>
/// One subscription of one session. Its fields are guarded by the session's lock, <see cref="TopicSlot"/> by the topic's.
/// </summary>
internal sealed class Subscription(Session session, Topic topic, int number, byte[] head, AckMode ackMode, OverflowPolicy overflow)
{
    /// <summary>
    /// Bytes of this object, its window while that is small, its places in lists, and its topic if it is the only one there; about.
    /// </summary>
    public const int BytesAbout = 640;

    public Session Session { get; } = session;

    /// <summary>Bytes that its session's share answers for as long as it is there.</summary>
    public long Footprint => BytesAbout + Head.Length + Topic.Key.Length;

    public Topic Topic { get; } = topic;

    /// <summary>Rises with each subscription of the session; names it in <c>ack</c> headers.</summary>
    public int Number { get; } = number;

    /// <summary>The first lines of its MESSAGE frames, <c>MESSAGE LF subscription:ID LF</c>; one array for all with the same id.</summary>
    public byte[] Head { get; } = head;

    public AckMode AckMode { get; } = ackMode;

    public OverflowPolicy Overflow { get; } = overflow;

    /// <summary>What it gets stays until it is sent, or goes back to its user's queue; the other policies drop it.</summary>
    public bool Keeps => Overflow is OverflowPolicy.Close or OverflowPolicy.Spill;

    /// <summary>Null in auto mode.</summary>
    public AckWindow? Window { get; init; }

    /// <summary>In an event stream with several destinations, where its reader stands in this one; null else.</summary>
    public StreamPlace? Place { get; set; }

    /// <summary>Place in the topic's list; -1 when it is not in it.</summary>
    public int TopicSlot { get; set; } = -1;

    /// <summary>The topic's position when it joined: what came up to there is not delivered live.</summary>
    public long JoinedAt { get; set; }

    /// <summary>Older messages are still being fetched; live ones wait behind them.</summary>
    public bool CatchingUp { get; set; }

    /// <summary>Until it has read what it missed; null else.</summary>
    public Replay? Replay { get; set; }

    /// <summary>Its next MESSAGE says that messages before it are gone.</summary>
    public bool TellsGap { get; set; }

    /// <summary>In a cluster, for a while after catching up: what it got then.</summary>
    public CaughtUp? CaughtUp { get; set; }

    /// <summary>Something came into the queue while it was catching up, perhaps after that was read: it has to look again.</summary>
    public bool MustTakeAgain { get; set; }

    /// <summary>It was unsubscribed, or its session ended.</summary>
    public bool Ended { get; set; }

    /// <summary>Next in the outbox's list of subscriptions that have something to send.</summary>
    public Subscription? NextReady { get; set; }

    public bool IsReady { get; set; }

    public Backlog Backlog;
}
