namespace FastPush.Relay.Links;

/// <summary>
/// The way from this server to the others: at most once, in order for each shard of a server. What it carries is either stored
/// elsewhere as well (messages to users) or not durable (messages to topics, notices).
/// </summary>
public interface IRelay
{
    /// <summary>This server's channels are subscribed, and what is published to them arrives.</summary>
    bool IsUp { get; }

    /// <summary>
    /// Queues one message for a server; copies it, never blocks. Messages with the same <paramref name="hash"/> (of their user or
    /// topic) take the same shard and keep their order.
    /// </summary>
    /// <returns>False when the bytes that wait would exceed their bound, or there is no connection: nothing was queued.</returns>
    bool TryPublish(int serverId, uint hash, ReadOnlySpan<byte> message);
}

/// <summary>What the relay tells. Calls come one at a time for each shard, and must not block.</summary>
public interface IRelayReceiver
{
    /// <summary>One message of another server. The bytes are the link's and dead after the call.</summary>
    void OnMessage(ReadOnlySpan<byte> message);

    /// <summary>All that one read brought was given to <see cref="OnMessage"/>.</summary>
    void OnBatchEnd();

    /// <summary>All channels are subscribed (again). What others published before may not have arrived.</summary>
    void OnUp();

    /// <summary>The connection is lost; <paramref name="reason"/> is for people.</summary>
    void OnDown(string reason);

    /// <summary>A message reached nobody, or it is not known whether it did since the connection was lost meanwhile.</summary>
    void OnUndelivered(int serverId, ReadOnlySpan<byte> message);
}
