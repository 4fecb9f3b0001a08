using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Relay.Users;

/// <summary>
/// The queues of all users over all servers. A message is stored from its acceptance to its settlement: in the user's offline queue
/// while no server has it, and in flight, with the servers that have it as its owners, from then on. So the relay may lose it, and
/// servers may die, but the message stays (P8).
/// <para><see cref="IOfflineQueue.TakeAsync"/> makes this server a holder of the queue, which messages accepted from then on are
/// relayed to, and the owner of what it returns. <see cref="IOfflineQueue.AddAsync"/> ends this server's ownership: the message goes
/// into the offline queue if nobody else owns it. Neither is lost in an outage: what could not be written is written later.</para>
/// </summary>
public interface IUserQueues : IOfflineQueue
{
    /// <summary>The store answers.</summary>
    bool IsUp { get; }

    /// <summary>
    /// Stores messages, in this order, and says for each which servers hold its queue; these become its owners. With no holder it
    /// is in the offline queue afterwards. The caller keeps its references.
    /// </summary>
    /// <param name="messages">Sealed payloads with user and queue.</param>
    /// <param name="again">An earlier call for these failed, so they may be stored already; they count as attempted.</param>
    /// <exception cref="StoreUnavailableException">The store did not answer in time; whether it stored them is not known.</exception>
    Task<AcceptResult[]> AcceptAsync(ReadOnlyMemory<Payload> messages, bool again);

    /// <summary>
    /// This server has the message in its memory from now on, so <see cref="IOfflineQueue.TakeAsync"/> need not return it.
    /// False when it has it already, or settled it or gave it up a moment ago. With <paramref name="isStored"/> false the store does not
    /// know it, so it is written when this server gives it up.
    /// </summary>
    bool Hold(Payload message, bool isStored = true);

    /// <summary>This server has the message in its memory, or settled it a moment ago.</summary>
    bool HasHad(string user, long id);

    /// <summary>
    /// Another server, or this one, did not take the message: its ownership ends. Never blocks; written in the next batch. With
    /// <paramref name="mayHaveArrived"/> it counts as attempted, so that who gets it next is told that it may not be the first time.
    /// </summary>
    void Undeliverable(int serverId, string user, string queue, long id, bool mayHaveArrived);

    /// <summary>
    /// The message was refused, but may be stored, and nobody who owns it then was sent it: all ownership ends, and if it is there it waits
    /// in the offline queue, attempted. It is not removed, since its publisher may have sent it again under the same id. Never blocks.
    /// </summary>
    void Uncertain(Payload message);

    /// <summary>
    /// Messages of the queue with a greater id, for clients that resume, whatever became of them; the caller owns them. Those that others
    /// have, or that wait, count as attempted from now on.
    /// </summary>
    /// <param name="user">Whose queue.</param>
    /// <param name="queue">Which.</param>
    /// <param name="afterId">Where the client resumes.</param>
    /// <param name="isWanted">Asked before each portion; once it says no, the rest is not read.</param>
    /// <exception cref="StoreUnavailableException">
    /// The store did not answer in time, or too much of this user waits for it already.
    /// </exception>
    Task<QueuePart> ReadHistoryAsync(string user, string queue, long afterId, Func<bool>? isWanted = null);

    /// <summary>
    /// Since when this server holds the queue without a break, Unix milliseconds: all that was accepted since came here. Null when it does
    /// not.
    /// </summary>
    long? HoldsSince(string user, string queue);

    /// <summary>The message has its final outcome; it is removed, whoever else owns it. Never blocks; written in the next batch.</summary>
    /// <param name="message">Which; the caller keeps its reference.</param>
    /// <param name="done">Is told when that is written (null), or why it never will be. Called on a pool thread, or at once.</param>
    void Settle(Payload message, Action<Exception?>? done = null);

    /// <summary>
    /// Tells when all that was asked for before, for this user, is written (null), or why it never will be. Never blocks.
    /// </summary>
    void AfterChanges(string user, Action<Exception?> done);

    /// <summary>A message of this user, with this id, had to leave the full queue.</summary>
    event Action<string, long>? Overflowed;

    /// <summary>A message's time was over when it was taken. The reference is the queue's.</summary>
    event Action<Payload>? Expired;

    /// <summary>A message of this user and queue, of so many bytes, found no memory here when it was taken; the store keeps it.</summary>
    event Action<string, string, int>? OutOfMemory;

    /// <summary>Messages came back into this user's queue, which these servers hold.</summary>
    event Action<string, string, int[]>? Waiting;

    /// <summary>
    /// A message that was accepted so long ago, or before this server held the queue without a break, may have gone another way before it
    /// reaches this server: it is not delivered as it comes, but taken, which brings it if this server still owns it.
    /// </summary>
    bool IsOverdue(string user, string queue, long id);

    /// <summary>Every server takes this id, and each before it, for overdue.</summary>
    long OverdueId { get; }

    /// <summary>
    /// This server has no subscription of the queue any more: messages are not relayed to it, and what it owns but never got goes back.
    /// Never blocks.
    /// </summary>
    void Leave(string user, string queue);
}

/// <summary>What a queue's history has after some message.</summary>
/// <param name="Messages">The messages.</param>
/// <param name="IsComplete">Nothing that was accepted after that message is missing.</param>
public readonly record struct QueuePart(IReadOnlyList<OfflineMessage> Messages, bool IsComplete);

/// <summary>What became of an accepted message.</summary>
/// <param name="Servers">Servers that hold the queue; empty when it waits in the offline queue.</param>
/// <param name="Dropped">Ids of the oldest messages that had to leave the full queue, or null.</param>
public readonly record struct AcceptResult(int[] Servers, long[]? Dropped);

/// <summary>A store did not do what it was asked: it is unreachable, slow, full or refuses writes. The message says which.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
