using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Transport;
using FastPush.Protocol.Buffers;
using FastPush.Relay.Offline;

namespace FastPush.Gateway.Lifecycle;

/// <summary>
/// The one timer: heart-beats both ways, deadlines, redelivery and the sweeping of what is over, for all sessions. A tick costs a
/// look at each session and takes no lock where nothing is due.
/// </summary>
internal sealed class Ticker : IDisposable
{
    /// <summary>From tick to tick; a heart-beat of 10 s is kept to a twentieth.</summary>
    public const int PeriodMs = 500;

    private const int SweepEveryTicks = 10;
    private const int TopicsMoreMax = 1000;

    private readonly Node _node;
    private readonly HandshakeWatch? _watch;
    private readonly Action? _everySweep;
    private readonly ITimer _timer;
    private int _ticking;
    private int _topicsKept;
    private long _ticks;

    /// <summary>Starts at once. <paramref name="everySweep"/> runs every few seconds on the timer's thread.</summary>
    public Ticker(Node node, HandshakeWatch? watch = null, Action? everySweep = null)
    {
        _node = node;
        _watch = watch;
        _everySweep = everySweep;
        var period = TimeSpan.FromMilliseconds(PeriodMs);
        _timer = node.Clock.Provider.CreateTimer(static state => ((Ticker)state!).Tick(), this, period, period);
    }

    public void Dispose() => _timer.Dispose();

    private static ReadOnlySpan<byte> HeartBeat => [0x81, 0x01, (byte)'\n'];

    private static ReadOnlySpan<byte> SseHeartBeat => ":\n\n"u8;

    private void Tick()
    {
        if (Interlocked.Exchange(ref _ticking, 1) != 0)
        {
            return; // The tick before is still at it; this one would find the same.
        }

        try
        {
            var nowMs = _node.Clock.NowMs;
            _watch?.Check(nowMs);
            _node.Connections.Retry();
            foreach (var session in _node.Sessions.Slots)
            {
                if (session is not null)
                {
                    TryLook(session, nowMs);
                }
            }

            _node.Redelivery.Run(Redelivery.PerTick);
            _node.Cluster?.Starved.TakeAgain();

            // A client that joins and leaves ever new topics must not fill the table until the regular sweep.
            if (++_ticks % SweepEveryTicks == 0 || _node.Topics.Count > _topicsKept * 2 + TopicsMoreMax)
            {
                Sweep(nowMs);
            }
        }
        catch (Exception e)
        {
            GatewayLog.TickFailed(_node.Log, e);
        }
        finally
        {
            Volatile.Write(ref _ticking, 0);
        }
    }

    // One session's fault must not keep the tick from those behind it.
    private void TryLook(Session session, long nowMs)
    {
        try
        {
            Look(session, nowMs);
        }
        catch (Exception e)
        {
            GatewayLog.TickFailed(_node.Log, e);
            SessionCloser.Close(session, CloseReason.Internal);
        }
    }

    private void Look(Session session, long nowMs)
    {
        if (session.DeadlineMs != 0 && nowMs >= session.DeadlineMs)
        {
            EndOfTime(session, nowMs);
        }
        else if (session.State != SessionState.Open)
        {
            return;
        }
        else if (session.ExpectWithinMs != 0 && nowMs - session.LastInputMs > session.ExpectWithinMs)
        {
            SessionCloser.Close(session, CloseReason.HeartBeat);
        }
        else if (session.Unfinished.IsOverdue(nowMs, _node.Options.Limits.FrameTimeoutMs))
        {
            SessionCloser.Close(session, CloseReason.FrameTimeout);
        }
        else
        {
            if (session.SendEveryMs != 0 && nowMs - session.Outbox.LastSentMs >= session.SendEveryMs - PeriodMs)
            {
                session.SendHeartBeat(session.Format == WireFormat.ServerSentEvents ? SseHeartBeat : HeartBeat);
            }

            if (session.HasWindows && Acknowledgements.RepeatDue(session, nowMs - _node.Options.Ack.TimeoutMs))
            {
                session.Flush();
            }
        }
    }

    private static void EndOfTime(Session session, long nowMs)
    {
        SessionState state;
        lock (session)
        {
            if (session.DeadlineMs == 0 || nowMs < session.DeadlineMs)
            {
                return; // CONNECT or a new token came at the last moment.
            }

            state = session.State;
        }

        switch (state)
        {
            case SessionState.Connecting:
                SessionCloser.Close(session, CloseReason.ConnectTimeout);
                break;
            case SessionState.Open:
                SessionCloser.Close(session, CloseReason.TokenExpired);
                break;
            default:
                session.Abort(); // It had its time to read the last words.
                SessionCloser.End(session, CloseReason.PeerGone);
                break;
        }
    }

    private async Task ExpireAsync(ValueTask<IReadOnlyList<OfflineMessage>> expiring)
    {
        try
        {
            Expire(await expiring);
        }
        catch (Exception e)
        {
            GatewayLog.OfflineQueueFailed(_node.Log, e);
        }
    }

    private void Expire(IReadOnlyList<OfflineMessage> messages)
    {
        foreach (var message in messages)
        {
            _node.Outcomes.Expired(message.Payload);
            message.Payload.Release();
        }
    }

    private void Sweep(long nowMs)
    {
        _node.Clock.Follow();
        var unixMs = _node.Clock.UnixMs;
        _node.Cluster?.Sweep();
        _node.Topics.Sweep(unixMs - _node.Options.History.AgeSeconds * 1000L);
        _topicsKept = _node.Topics.Count;
        _node.Users.Sweep(nowMs);
        _node.Histories.Sweep(unixMs - _node.Options.History.AgeSeconds * 1000L);
        _node.Pool.Trim();
        BytePool.Trim(Node.Discard);
        var expiring = _node.Offline.ExpireAsync(unixMs);
        if (expiring.IsCompletedSuccessfully)
        {
            Expire(expiring.Result);
        }
        else
        {
            _ = ExpireAsync(expiring);
        }

        _everySweep?.Invoke();
    }
}
