using FastPush.Gateway.Topics;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// Queues of users to which messages came back, to be offered to another live session. What one session's end does to another is noted
/// here and done later, never called from within: thousands of sessions of one user may end together, each handing its messages to the
/// next. The object is its own lock, a leaf.
/// </summary>
internal sealed class Redelivery(Node node)
{
    /// <summary>So many queues are offered at the end of a turn. The rest waits for the next turn, or for the ticker.</summary>
    public const int PerTurn = 64;

    /// <summary>So many by a tick.</summary>
    public const int PerTick = 1024;

    [ThreadStatic]
    private static Node? t_runningOn;

    private readonly Queue<(string User, string Queue)> _waiting = new();
    private readonly HashSet<(string User, string Queue)> _noted = [];
    private int _count;

    /// <summary>Queues that wait for their turn.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Notes a queue, once until its turn comes. Inside any lock; nothing is delivered before <see cref="Run"/>.</summary>
    public void Note(string user, string queue)
    {
        lock (_waiting)
        {
            if (_noted.Add((user, queue)))
            {
                _waiting.Enqueue((user, queue));
                Volatile.Write(ref _count, _waiting.Count);
            }
        }
    }

    /// <summary>
    /// Notes a queue, and offers it at once unless this thread is about to: in a batch, in an event loop's turn, or in another offer.
    /// </summary>
    public void Offer(string user, string queue)
    {
        Note(user, queue);
        if (!FanoutBatch.Current.IsUnderWay)
        {
            Run(PerTurn);
        }
    }

    /// <summary>Offers what waits, at most so many. Never called inside a lock.</summary>
    public void Run(int most)
    {
        if (Count == 0 || ReferenceEquals(t_runningOn, node))
        {
            return;
        }

        var outer = t_runningOn;
        t_runningOn = node;
        try
        {
            for (var i = 0; i < most && TryNext(out var next); i++)
            {
                OfflineFlush.ToAnyLive(node, next.User, next.Queue);
            }
        }
        finally
        {
            t_runningOn = outer;
        }
    }

    private bool TryNext(out (string User, string Queue) next)
    {
        lock (_waiting)
        {
            var found = _waiting.TryDequeue(out next);
            _noted.Remove(next);
            Volatile.Write(ref _count, _waiting.Count);
            return found;
        }
    }
}
