using Microsoft.AspNetCore.Connections;

namespace FastPush.Gateway.Transport;

/// <summary>
/// Bounds how long the head of a later request may stay unfinished that is kept from the HTTP server, and so from its time-outs, since
/// it may become an upgrade. It has one entry in the watch at most, however often a head comes in parts.
/// </summary>
internal sealed class UpgradeDeadline(ConnectionContext connection, HandshakeWatch watch)
{
    private readonly Lock _lock = new();
    private ConnectionContext? _connection = connection;
    private bool _isWaiting;
    private bool _isWatched;
    private bool _isSecondRound;

    /// <summary>Whether an unfinished head is kept now.</summary>
    public void Set(bool isWaiting)
    {
        if (isWaiting == _isWaiting)
        {
            return;
        }

        lock (_lock)
        {
            _isWaiting = isWaiting;
            _isSecondRound = _isWatched;
            if (isWaiting && !_isWatched)
            {
                _isWatched = true;
                watch.Add(OnOverdue);
            }
        }
    }

    /// <summary>Forgets the connection; an entry of it may be in the watch for a while.</summary>
    public void End()
    {
        lock (_lock)
        {
            _connection = null;
        }
    }

    // From the ticker's thread. A head that began after the entry was made gets the whole time once more.
    private void OnOverdue()
    {
        ConnectionContext? late = null;
        lock (_lock)
        {
            if (_isWaiting && _connection is not null && _isSecondRound)
            {
                _isSecondRound = false;
                watch.Add(OnOverdue);
                return;
            }

            _isWatched = false;
            late = _isWaiting ? _connection : null;
        }

        late?.Abort(new ConnectionAbortedException("the head of a request did not come in time"));
    }
}
