using Microsoft.AspNetCore.Connections;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Ends connections that were accepted and never said what they want. All deadlines are equally far, so they stand in order and a
/// tick looks at the first only.
/// </summary>
internal sealed class HandshakeWatch
{
    private readonly Queue<Entry> _entries = new();

    /// <summary>Watches a connection until <see cref="Entry.Done"/>.</summary>
    public Entry Add(ConnectionContext connection, long deadlineMs)
    {
        var entry = new Entry(connection, deadlineMs);
        lock (_entries)
        {
            _entries.Enqueue(entry);
        }

        return entry;
    }

    /// <summary>Aborts what is overdue.</summary>
    public void Check(long nowMs)
    {
        while (true)
        {
            Entry entry;
            lock (_entries)
            {
                if (!_entries.TryPeek(out entry!) || (entry.Connection is not null && entry.DeadlineMs > nowMs))
                {
                    return;
                }

                _entries.Dequeue();
            }

            entry.Connection?.Abort(new ConnectionAbortedException("no request came in time after the connection was accepted"));
        }
    }

    internal sealed class Entry(ConnectionContext connection, long deadlineMs)
    {
        public ConnectionContext? Connection { get; private set; } = connection;

        public long DeadlineMs { get; } = deadlineMs;

        /// <summary>The connection has said what it wants.</summary>
        public void Done() => Connection = null;
    }
}
