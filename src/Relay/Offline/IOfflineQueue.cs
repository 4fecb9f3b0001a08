namespace FastPush.Relay.Offline;

/// <summary>
/// Messages for users who are not there: one queue per user and queue name, in order of their ids, bounded by
/// <see cref="OfflineOptions"/>. When a queue is full its oldest messages are given back to the caller as dropped.
/// <para>No call may block: an implementation that asks a server answers later, and callers go on with other work.</para>
/// </summary>
public interface IOfflineQueue
{
    /// <summary>
    /// Adds messages; they take their place by id. The queue owns the references from the call on.
    /// Returns what had to leave because of the bound (owned by the caller), oldest first.
    /// </summary>
    ValueTask<IReadOnlyList<OfflineMessage>> AddAsync(string user, string queue, ReadOnlyMemory<OfflineMessage> messages);

    /// <summary>Takes all messages out, in order. The caller owns the references and must deliver them or add them back.</summary>
    ValueTask<IReadOnlyList<OfflineMessage>> TakeAsync(string user, string queue);

    /// <summary>Removes messages whose time is over at <paramref name="unixMs"/> and returns them (owned by the caller).</summary>
    ValueTask<IReadOnlyList<OfflineMessage>> ExpireAsync(long unixMs);

    /// <summary>Messages that wait, over all users.</summary>
    long Count { get; }
}
