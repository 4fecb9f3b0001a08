namespace FastPush.Relay.Links;

/// <summary>What a link has done since it was made, for metrics.</summary>
public sealed class LinkCounters
{
    internal long MessagesOut, BatchesOut, BytesOut, MessagesIn, BatchesIn, BytesIn, MessagesRefused, MessagesUndelivered, BatchesMalformed;
    internal long ConnectionsOpened, ConnectionsLost;

    /// <summary>Messages given to Redis.</summary>
    public long Sent => Volatile.Read(ref MessagesOut);

    /// <summary>PUBLISH commands that carried them.</summary>
    public long SentBatches => Volatile.Read(ref BatchesOut);

    /// <summary>Bytes of their payloads.</summary>
    public long SentBytes => Volatile.Read(ref BytesOut);

    /// <summary>Messages given to the receiver.</summary>
    public long Received => Volatile.Read(ref MessagesIn);

    /// <summary>Pushes that carried them.</summary>
    public long ReceivedBatches => Volatile.Read(ref BatchesIn);

    /// <summary>Bytes of their payloads.</summary>
    public long ReceivedBytes => Volatile.Read(ref BytesIn);

    /// <summary>Messages that were not taken, since a bound was reached or there was no connection.</summary>
    public long Refused => Volatile.Read(ref MessagesRefused);

    /// <summary>Messages given back by <see cref="IRelayReceiver.OnUndelivered"/>.</summary>
    public long Undelivered => Volatile.Read(ref MessagesUndelivered);

    /// <summary>Payloads on this server's channels that no FastPush of this version wrote.</summary>
    public long Malformed => Volatile.Read(ref BatchesMalformed);

    public long Connected => Volatile.Read(ref ConnectionsOpened);

    public long Disconnected => Volatile.Read(ref ConnectionsLost);
}
