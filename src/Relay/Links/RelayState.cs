using Microsoft.Extensions.Logging;

namespace FastPush.Relay.Links;

/// <summary>Whether the relay is up, told to the receiver and the log: once for each change, and for each new reason.</summary>
internal sealed class RelayState(RelayOptions options, GuardedReceiver receiver, ILogger log)
{
    private readonly Lock _gate = new();
    private string? _reason;
    private volatile bool _isUp;
    private bool _isEnded;

    public bool IsUp => _isUp;

    public void Up(string servers)
    {
        lock (_gate)
        {
            if (_isUp || _isEnded)
            {
                return;
            }

            _isUp = true;
            _reason = null;
            LinkLog.Up(log, options.Shards, options.ServerId, servers);
            receiver.OnUp();
        }
    }

    public void Down(string reason)
    {
        lock (_gate)
        {
            if (_isEnded || (!_isUp && _reason == reason))
            {
                return;
            }

            _isUp = false;
            _reason = reason;
            LinkLog.Down(log, reason);
            receiver.OnDown(reason);
        }
    }

    /// <summary>The link stops: nothing is told any more.</summary>
    public void End()
    {
        lock (_gate)
        {
            _isEnded = true;
            _isUp = false;
        }
    }
}
