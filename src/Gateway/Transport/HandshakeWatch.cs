using FastPush.Gateway.Lifecycle;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Ends connections that were accepted and never said what they want. All deadlines are equally far, so they stand in order and a
/// tick looks at the first only.
/// </summary>
internal sealed class HandshakeWatch(Clock clock, int timeoutMs)
{
    private readonly Queue<(long DeadlineMs, Action Abort)> _entries = new();

    /// <summary>
    /// Calls <paramref name="abort"/> when the time is over, whether or not the connection has decided by then; from the ticker's thread.
    /// </summary>
    public void Add(Action abort)
    {
        var deadline = clock.NowMs + timeoutMs;
        lock (_entries)
        {
            _entries.Enqueue((deadline, abort));
        }
    }

    /// <summary>Aborts what is overdue.</summary>
    public void Check(long nowMs)
    {
        while (true)
        {
            (long DeadlineMs, Action Abort) entry;
            lock (_entries)
            {
                if (!_entries.TryPeek(out entry) || entry.DeadlineMs > nowMs)
                {
                    return;
                }

                _entries.Dequeue();
            }

            entry.Abort();
        }
    }
}
