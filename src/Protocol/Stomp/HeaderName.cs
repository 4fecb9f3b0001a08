namespace FastPush.Protocol.Stomp;

/// <summary>Header names that the server acts on; all others are <see cref="Other"/>.</summary>
public enum HeaderName : byte
{
    Other,
    Destination,
    ContentLength,
    ContentType,
    Receipt,
    Id,
    Ack,
    Transaction,
    MessageId,
    Subscription,
    Host,
    AcceptVersion,
    HeartBeat,
    Login,
    Passcode,
    Authorization,
    PrefetchCount,
    LastEventId,
    Overflow,
    Timestamp,
    Redelivered,
    ReceiptId,
    Version,
    Session,
    Server,
    Message,
}
