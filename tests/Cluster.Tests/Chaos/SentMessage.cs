namespace FastPush.Cluster.Tests.Chaos;

/// <summary>All that is known of one message: who sent it, whether it was accepted, which connections saw it.</summary>
/// <param name="body">Its own, <c>{stream}:{sequence}</c>.</param>
/// <param name="stream">Messages that were sent one after the other over one connection, so that their order is promised.</param>
/// <param name="sequence">Its place in the stream.</param>
/// <param name="user">Whom it is for; null = a topic.</param>
internal sealed class SentMessage(string body, string stream, int sequence, string? user)
{
    private readonly Dictionary<long, MessageCopy> _copies = [];

    public string Body => body;

    public string Stream => stream;

    public int Sequence => sequence;

    public string? User => user;

    /// <summary>The id in the RECEIPT or the 202; 0 = not accepted, or no answer.</summary>
    public long AcceptedId { get; set; }

    /// <summary>The process that accepted it.</summary>
    public Place? AcceptedBy { get; set; }

    public TimeSpan SentAt { get; set; }

    public TimeSpan AcceptedAt { get; set; }

    /// <summary>It has an idempotency key, so it may be sent again and still is one message.</summary>
    public bool HasKey { get; set; }

    public List<string> History { get; } = [];

    public IEnumerable<long> Ids => _copies.Keys;

    /// <summary>What happened under one message id.</summary>
    public MessageCopy CopyOf(long id) => _copies.TryGetValue(id, out var copy) ? copy : _copies[id] = new MessageCopy();
}

/// <summary>A message under one id.</summary>
internal sealed class MessageCopy
{
    public bool IsSeen { get; set; }

    /// <summary>When the RECEIPT of its ACK came.</summary>
    public TimeSpan? AckedAt { get; set; }
}
