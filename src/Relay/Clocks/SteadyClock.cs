using System.Globalization;

namespace FastPush.Relay.Clocks;

/// <summary>
/// The clock of message ids, timestamps and expiry. It runs by the monotonic clock and is never stepped by the machine's wall clock, which
/// somebody may set: alone it follows that one slowly; in a fleet it goes by the clock of Redis, so that all nodes have one.
/// <para>When Redis' clock jumps, this one does not until the jump has lasted for <see cref="SettleMs"/>; and when it first hears of a
/// clock that is not the machine's, it waits for so long whether that one stays. Meanwhile, and while ids made before would be ahead,
/// <see cref="Fault"/> says why no ids must be made.</para>
/// </summary>
/// <param name="machine">The machine's clocks and timers.</param>
/// <param name="skewMaxMs">How far this clock and Redis' may be apart, in ms.</param>
public sealed class SteadyClock(TimeProvider machine, int skewMaxMs) : TimeProvider
{
    /// <summary>How long a jump of Redis' clock must last to be believed, in ms.</summary>
    public const int SettleMs = 10_000;

    // A deviation is made up for at a tenth of the clock's pace.
    private const int SlewDivisor = 10;

    private readonly Lock _gate = new();
    private volatile Anchor _anchor = new(machine.GetTimestamp(), machine.GetUtcNow().UtcTicks, 0);
    private volatile Jump? _jump;
    private volatile bool _isNew; // It has heard Redis' clock, and not yet for long enough.
    private long _newSince;
    private bool _followsStore;
    private long _notBefore; // UTC ticks up to which ids may have been made.

    /// <summary>The machine's clocks: its wall clock is right for tokens, whose times come from elsewhere.</summary>
    public TimeProvider Machine => machine;

    /// <inheritdoc/>
    public override long TimestampFrequency => machine.TimestampFrequency;

    /// <summary>How far the machine's wall clock is ahead of this one, in ms.</summary>
    public long MachineAheadMs => (long)(machine.GetUtcNow() - GetUtcNow()).TotalMilliseconds;

    /// <summary>Ids may be made by it.</summary>
    public bool IsTrusted => _jump is null && !_isNew && LeftTicks == 0;

    /// <summary>Why ids must not be made now; for people. Null = they may.</summary>
    public string? Fault => _jump is { } jump
        ? $"this node's clock and Redis' are {Seconds(Math.Abs(jump.Ticks))} s apart"
        : _isNew ? $"this machine's clock and Redis' are {MachineAheadMs / 1000} s apart, so it is seen first whether Redis' stays"
        : LeftTicks is > 0 and var left ? $"Redis' clock was set back, so message ids begin again in {Seconds(left)} s" : null;

    /// <inheritdoc/>
    public override long GetTimestamp() => machine.GetTimestamp();

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => new(TicksAt(machine.GetTimestamp()), TimeSpan.Zero);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>Takes a look at the machine's wall clock, unless it goes by Redis'. Called every few seconds.</summary>
    public void FollowMachine()
    {
        lock (_gate)
        {
            if (!_followsStore)
            {
                var now = machine.GetTimestamp();
                var own = TicksAt(now);
                _anchor = new Anchor(now, own, machine.GetUtcNow().UtcTicks - own);
            }
        }
    }

    /// <summary>Redis' clock was that of <paramref name="storeMs"/> (Unix ms) at some time since <paramref name="askedAt"/>.</summary>
    public void Hear(long storeMs, long askedAt)
    {
        lock (_gate)
        {
            var now = machine.GetTimestamp();
            var slack = machine.GetElapsedTime(askedAt, now).Ticks / 2 + TimeSpan.TicksPerMillisecond;
            var heard = DateTimeOffset.FromUnixTimeMilliseconds(storeMs).UtcTicks + slack;
            if (_isNew)
            {
                Watch(now, heard, slack);
            }
            else if (_followsStore)
            {
                Compare(now, heard, slack);
            }
            else if (slack <= SkewMaxTicks)
            {
                _followsStore = true; // No id has been made yet.
                Begin(now, heard, slack);
            }
        }
    }

    /// <summary>What the answers say of Redis' clock is near enough for ids.</summary>
    public bool HasHeard
    {
        get
        {
            lock (_gate)
            {
                return _followsStore;
            }
        }
    }

    /// <summary>The machine's wall clock, whatever clock is given.</summary>
    public static DateTimeOffset WallNow(TimeProvider clock) =>
        clock is SteadyClock steady ? steady.Machine.GetUtcNow() : clock.GetUtcNow();

    private long SkewMaxTicks => skewMaxMs * TimeSpan.TicksPerMillisecond;

    private long LeftTicks => Volatile.Read(ref _notBefore) is > 0 and var until
        ? Math.Max(0, until - GetUtcNow().UtcTicks)
        : 0;

    private static string Seconds(long ticks) => (ticks / TimeSpan.TicksPerSecond).ToString(CultureInfo.InvariantCulture);

    private void Begin(long now, long heard, long slack)
    {
        _anchor = new Anchor(now, heard, 0);
        _newSince = now;
        _isNew = Math.Abs(heard - machine.GetUtcNow().UtcTicks) > SkewMaxTicks + slack;
    }

    private void Watch(long now, long heard, long slack)
    {
        if (Math.Abs(heard - TicksAt(now)) > SkewMaxTicks + slack)
        {
            Begin(now, heard, slack);
        }
        else if (slack <= SkewMaxTicks && machine.GetElapsedTime(_newSince, now).TotalMilliseconds >= SettleMs)
        {
            _isNew = false;
            Compare(now, heard, slack);
        }
    }

    private void Compare(long now, long heard, long slack)
    {
        var own = TicksAt(now);
        var ahead = heard - own;
        var off = Math.Sign(ahead) * Math.Max(0, Math.Abs(ahead) - slack);
        if (Math.Abs(off) <= SkewMaxTicks)
        {
            _jump = null;
            _anchor = new Anchor(now, own, off);
            return;
        }

        _anchor = new Anchor(now, own, 0);
        if (_jump is not { } jump || Math.Abs(jump.Ticks - ahead) > SkewMaxTicks + slack)
        {
            _jump = new Jump(now, ahead);
        }
        else if (machine.GetElapsedTime(jump.Since, now).TotalMilliseconds >= SettleMs && slack <= SkewMaxTicks)
        {
            Volatile.Write(ref _notBefore, Math.Max(_notBefore, own));
            _anchor = new Anchor(now, heard, 0);
            _jump = null;
        }
    }

    private long TicksAt(long timestamp)
    {
        var anchor = _anchor;
        var elapsed = machine.GetElapsedTime(anchor.At, timestamp).Ticks;
        var most = elapsed / SlewDivisor;
        return anchor.Ticks + elapsed + Math.Clamp(anchor.Behind, -most, most);
    }

    /// <summary>UTC ticks at a reading of the monotonic clock, and how many more or less they should have been.</summary>
    private sealed record Anchor(long At, long Ticks, long Behind);

    /// <summary>Since when Redis' clock is so much ahead.</summary>
    private sealed record Jump(long Since, long Ticks);
}
