using System.Diagnostics.CodeAnalysis;
using FastPush.Protocol.Buffers;

namespace FastPush.Gateway.Topics;

/// <summary>
/// Bounds what all histories keep together: within history's share, and whenever anybody else needs the memory, what is oldest over all
/// topics goes first, a second at a time. A topic is noted once a second in which it got a message, so a message costs no look-up.
/// </summary>
internal sealed class HistoryOrder
{
    private const int SecondBits = 10;

    private readonly Lock _letGo = new();
    private readonly Lock _lock = new();
    private readonly LinkedList<Second> _seconds = [];
    private long _newest;

    public HistoryOrder(MemoryAccount account, long bytesMax)
    {
        Share = new MemoryShare(account, bytesMax);
        account.MakeRoom = MakeRoom;
    }

    /// <summary>Bytes of all messages in histories, each with what else keeps it.</summary>
    public MemoryShare Share { get; }

    /// <summary>Under the topic's lock: it got a message of this time.</summary>
    public void Note(Topic topic, long unixMs)
    {
        var second = Math.Max(unixMs >> SecondBits, Volatile.Read(ref _newest));
        if (topic.HistoryNotedAt == second)
        {
            return;
        }

        lock (_lock)
        {
            if (_seconds.Last is null || second > _newest)
            {
                _seconds.AddLast(new Second(Math.Max(second, _newest)));
                Volatile.Write(ref _newest, _seconds.Last!.Value.Number);
            }

            _seconds.Last!.Value.Topics.Add(topic);
            topic.HistoryNotedAt = _newest;
        }
    }

    /// <summary>Lets the oldest go while histories are over their share. Outside all locks.</summary>
    public void Trim()
    {
        if (Share.Bytes > Share.BytesMax)
        {
            LetGo(() => Share.Bytes > Share.BytesMax);
        }
    }

    /// <summary>Forgets the seconds whose messages are older than this and gone.</summary>
    public void Sweep(long unixMs)
    {
        lock (_lock)
        {
            while (_seconds.First is { Value.Number: var number } && number < unixMs >> SecondBits && number < _newest)
            {
                _seconds.RemoveFirst();
            }
        }
    }

    private void MakeRoom(long bytes) => LetGo(() => Share.Account.Bytes + bytes > Share.Account.BytesMax);

    private void LetGo(Func<bool> isNeeded)
    {
        lock (_letGo)
        {
            while (isNeeded() && Oldest() is var (second, topic))
            {
                lock (topic)
                {
                    var history = topic.History;
                    while (HasAny(history, second) && isNeeded())
                    {
                        history.RemoveOldest(topic);
                    }

                    if (!HasAny(history, second))
                    {
                        Remove(second, topic);
                    }
                }
            }
        }
    }

    private static bool HasAny([NotNullWhen(true)] History? history, Second second) =>
        history is { Count: > 0 } && history.At(0).TimestampMs >> SecondBits <= second.Number;

    private (Second Second, Topic Topic)? Oldest()
    {
        lock (_lock)
        {
            while (_seconds.First is { Value: var second })
            {
                if (second.Topics.Count > 0)
                {
                    return (second, second.Topics[^1]);
                }

                if (second.Number == _newest)
                {
                    return null; // It is still being filled.
                }

                _seconds.RemoveFirst();
            }

            return null;
        }
    }

    // Under the topic's lock, so that no message comes in between. Others may have been noted behind it meanwhile.
    private void Remove(Second second, Topic topic)
    {
        lock (_lock)
        {
            var at = second.Topics.LastIndexOf(topic);
            if (at >= 0)
            {
                second.Topics.RemoveAt(at);
            }

            if (topic.HistoryNotedAt == second.Number)
            {
                topic.HistoryNotedAt = 0;
            }
        }
    }

    private sealed class Second(long number)
    {
        public long Number { get; } = number;

        public List<Topic> Topics { get; } = [];
    }
}
