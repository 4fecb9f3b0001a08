using System.Runtime.InteropServices;

namespace FastPush.Relay.Offline;

/// <summary>The embedded implementation: everything waits in this process's memory and is lost with it.</summary>
public sealed class MemoryOfflineQueue(OfflineOptions options) : IOfflineQueue
{
    private static readonly IReadOnlyList<OfflineMessage> s_none = [];

    private readonly Dictionary<(string User, string Queue), Waiting> _queues = [];
    private long _count;

    /// <inheritdoc/>
    public long Count => Volatile.Read(ref _count);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OfflineMessage>> AddAsync(string user, string queue, ReadOnlyMemory<OfflineMessage> messages)
    {
        lock (_queues)
        {
            ref var waiting = ref CollectionsMarshal.GetValueRefOrAddDefault(_queues, (user, queue), out var known);
            waiting = known ? waiting! : new Waiting();
            foreach (var message in messages.Span)
            {
                waiting.Insert(message);
            }

            _count += messages.Length;
            return ValueTask.FromResult(Trim(waiting));
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OfflineMessage>> TakeAsync(string user, string queue)
    {
        lock (_queues)
        {
            if (!_queues.Remove((user, queue), out var waiting))
            {
                return ValueTask.FromResult(s_none);
            }

            _count -= waiting.Messages.Count;
            return ValueTask.FromResult<IReadOnlyList<OfflineMessage>>([.. waiting.Messages]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<OfflineMessage>> ExpireAsync(long unixMs)
    {
        var oldest = unixMs - options.TtlSeconds * 1000L;
        List<OfflineMessage>? expired = null;
        lock (_queues)
        {
            foreach (var (key, waiting) in _queues)
            {
                waiting.Expire(unixMs, oldest, ref expired);
                if (waiting.Messages.Count == 0)
                {
                    _queues.Remove(key);
                }
            }

            _count -= expired?.Count ?? 0;
        }

        return ValueTask.FromResult((IReadOnlyList<OfflineMessage>?)expired ?? s_none);
    }

    private IReadOnlyList<OfflineMessage> Trim(Waiting waiting)
    {
        List<OfflineMessage>? dropped = null;
        while (waiting.Messages.Count > options.Messages || (waiting.Bytes > options.Bytes && waiting.Messages.Count > 1))
        {
            (dropped ??= []).Add(waiting.RemoveOldest());
            _count--;
        }

        return (IReadOnlyList<OfflineMessage>?)dropped ?? s_none;
    }

    /// <summary>
    /// One user's queue. A linked list: appended at its end, trimmed at its head, and returned messages go near the head.
    /// </summary>
    private sealed class Waiting
    {
        public LinkedList<OfflineMessage> Messages { get; } = [];

        public long Bytes { get; private set; }

        public void Insert(OfflineMessage message)
        {
            Bytes += message.Payload.Length;
            var after = Messages.Last;
            while (after is not null && after.Value.Payload.Id > message.Payload.Id)
            {
                after = after.Previous;
            }

            if (after is null)
            {
                Messages.AddFirst(message);
            }
            else
            {
                Messages.AddAfter(after, message);
            }
        }

        public OfflineMessage RemoveOldest()
        {
            var message = Messages.First!.Value;
            Messages.RemoveFirst();
            Bytes -= message.Payload.Length;
            return message;
        }

        public void Expire(long unixMs, long oldest, ref List<OfflineMessage>? expired)
        {
            for (var node = Messages.First; node is not null;)
            {
                var next = node.Next;
                var payload = node.Value.Payload;
                if (payload.TimestampMs < oldest || (payload.ExpiresAtMs != 0 && payload.ExpiresAtMs <= unixMs))
                {
                    (expired ??= []).Add(node.Value);
                    Bytes -= payload.Length;
                    Messages.Remove(node);
                }

                node = next;
            }
        }
    }
}
