namespace FastPush.Simulation;

internal enum OutgoingKind
{
    Other,
    Send,
    Subscribe,
    Unsubscribe,
    Ack,
    Begin,
    Commit,
    Abort,
}

/// <summary>A frame that a client has written; the gateway has it when it has read up to <paramref name="End"/>.</summary>
internal sealed record Outgoing(OutgoingKind Kind, long End = 0)
{
    public Message? Message { get; init; }

    public SimSubscription? Subscription { get; init; }

    public Received? Received { get; init; }

    public bool IsAck { get; init; }

    public string? Transaction { get; init; }
}
