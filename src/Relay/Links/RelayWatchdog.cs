namespace FastPush.Relay.Links;

/// <summary>
/// Finds a connection that is dead though no error says so: sends PING when nothing came for a while, and gives up when nothing comes
/// after it either, or when replies do not come though other bytes do.
/// </summary>
internal sealed class RelayWatchdog : IDisposable
{
    // Ticks per shortest timeout: what is found late is found at most this part later.
    private const int TicksPerTimeout = 4;

    private readonly RelayConnection _connection;
    private readonly RelayOptions _options;
    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly TimeSpan _late;
    private long _ticked;
    private long _heard;
    private long _pinged;
    private long _repliesSince;
    private long _repliesSeen;
    private bool _busy;

    public RelayWatchdog(RelayConnection connection, RelayOptions options, TimeProvider clock)
    {
        _connection = connection;
        _options = options;
        _clock = clock;
        _heard = clock.GetTimestamp();
        _repliesSince = _ticked = _heard;
        var period = (options.PingAfter < options.PingTimeout ? options.PingAfter : options.PingTimeout) / TicksPerTimeout;
        _late = 3 * period;
        _timer = clock.CreateTimer(static state => ((RelayWatchdog)state!).Tick(), this, period, period);
    }

    /// <summary>Bytes came, and are being handled until <see cref="Handled"/>.</summary>
    public void Heard() => Volatile.Write(ref _busy, true);

    public void Handled()
    {
        Volatile.Write(ref _heard, _clock.GetTimestamp());
        Volatile.Write(ref _busy, false);
    }

    public void Dispose() => _timer.Dispose();

    // Timer callbacks may overlap if one is held up; each only reads and compares, so the worst is a second PING.
    private void Tick()
    {
        var now = _clock.GetTimestamp();
        var stoodStill = _clock.GetElapsedTime(_ticked, now) > _late;
        _ticked = now;
        if (stoodStill)
        {
            // It was this process that stood still: what came meanwhile is not read yet, so all patience begins anew.
            _pinged = _pinged > Volatile.Read(ref _heard) ? now : _pinged;
            _repliesSince = now;
            return;
        }

        // While the reader hands messages on nobody reads, so silence says nothing about the server.
        var heard = Volatile.Read(ref _busy) ? now : Volatile.Read(ref _heard);
        var silence = _clock.GetElapsedTime(heard, now);
        if (_pinged > heard)
        {
            if (_clock.GetElapsedTime(_pinged, now) >= _options.PingTimeout)
            {
                _connection.Fail($"nothing came from it for {silence.TotalSeconds:0.#} s, and no answer to PING");
            }
        }
        else if (silence >= _options.PingAfter)
        {
            // A timestamp equal to that of the last byte would look as if that were the answer.
            _pinged = Math.Max(now, heard + 1);
            _connection.Ping();
        }

        var (replies, waiting) = _connection.Replies;
        if (!waiting || replies != _repliesSeen || heard == now)
        {
            _repliesSeen = replies;
            _repliesSince = now;
        }
        else if (_clock.GetElapsedTime(_repliesSince, now) >= _options.ReplyTimeout)
        {
            _connection.Fail($"commands got no reply for {_options.ReplyTimeout.TotalSeconds:0.#} s");
        }
    }
}
