using FastPush.Relay.Offline;

namespace FastPush.Gateway.Sessions;

/// <summary>
/// While a subscription catches up: what it missed, and what comes live until it has read that, waits in its backlog without counting
/// against the outbox. A client is not slow because it missed much, but when it does not read: when more comes live meanwhile than an
/// offline queue holds. Ends when the link has taken all of it. Under the session's lock.
/// </summary>
internal sealed class Replay
{
    private int _live;
    private long _liveBytes;
    private long _end;

    /// <summary>Bytes that came live and still wait.</summary>
    public long LiveBytes => _liveBytes;

    /// <summary>The backlog is empty; what was in it ends at this position of the outbox.</summary>
    public void Drained(long end)
    {
        if (_end == 0)
        {
            _end = end;
        }
    }

    /// <summary>All of it was sent.</summary>
    public bool IsOver(Outbox outbox) => _end != 0 && outbox.HasSent(_end);

    /// <summary>
    /// A live message of this size may wait; <paramref name="sessionBytes"/> are those of all subscriptions that catch up.
    /// </summary>
    public bool HasRoom(OfflineOptions bounds, long sessionBytes, int size) =>
        _live < bounds.Messages && sessionBytes + size <= bounds.Bytes;

    /// <summary>A live message waits behind what was missed.</summary>
    public void Add(int size)
    {
        _live++;
        _liveBytes += size;
        _end = 0;
    }

    /// <summary>A message leaves the front of the backlog, which had <paramref name="count"/>. Returns its live bytes.</summary>
    public int Took(int count, int size)
    {
        if (count > _live)
        {
            return 0;
        }

        _live--;
        _liveBytes -= size;
        return size;
    }

    /// <summary>It is over. Returns the live bytes that still wait.</summary>
    public long End()
    {
        var bytes = _liveBytes;
        (_live, _liveBytes) = (0, 0);
        return bytes;
    }
}
