using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Relay.Users;

internal enum QueueWriteKind : byte
{
    Settle,
    Release,
    Leave,
    Take,

    /// <summary>Of messages after <see cref="QueueWrite.Id"/>.</summary>
    ReadHistory,

    /// <summary>Nothing: somebody waits for what was asked for before.</summary>
    Barrier,
}

/// <summary>One change of a user's queues that waits for its turn.</summary>
internal readonly record struct QueueWrite(QueueWriteKind Kind, string User, string Queue, long Id)
{
    /// <summary>Whose ownership ends: a token, <c>17.</c> for any life of server 17, or <c>*</c> for all.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Attempts that are known now; null = as stored.</summary>
    public byte? Attempts { get; init; }

    /// <summary>
    /// What is given up, or was settled without the store; a reference, until the write is done. Null when only the store has it.
    /// </summary>
    public Payload? Message { get; init; }

    /// <summary>The store's generation when the message came from it; less than 0 = it never was there, null = it is not there.</summary>
    public long? Generation { get; init; }

    /// <summary>Is told when it is done (null), or why it never will be.</summary>
    public Action<Exception?>? Done { get; init; }

    /// <summary>No subscription here had the queue, so none gets what is on its way to this server over the relay.</summary>
    public bool IsFirst { get; init; }

    /// <summary>Whether somebody still wants what is read; null = yes.</summary>
    public Func<bool>? IsWanted { get; init; }

    /// <summary>Is told, before what was read is there, whether that is all.</summary>
    public Action<bool>? Judged { get; init; }

    /// <summary>Who waits for what is taken or read.</summary>
    public TaskCompletionSource<IReadOnlyList<OfflineMessage>>? Taken { get; init; }
}
