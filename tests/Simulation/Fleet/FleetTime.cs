namespace FastPush.Simulation.Fleet;

/// <summary>
/// The clock of one process. It stands still while the process does, and jumps when it goes on: timers that fell due meanwhile fire then,
/// periodic ones once.
/// </summary>
internal sealed class FleetTime(Func<long> worldMs) : TimeProvider
{
    private readonly List<Timer> _armed = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _armings;

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => worldMs();

    /// <summary>How far the machine's wall clock is ahead of the world's, in ms; somebody may set it.</summary>
    public long WallOffMs { get; set; }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(worldMs() + WallOffMs);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>The first timer that is due, no longer armed; null when none is.</summary>
    public Action? TakeDue()
    {
        Timer? next = null;
        foreach (var timer in _armed)
        {
            if (timer.Due <= worldMs() && (next is null || (timer.Due, timer.Arming).CompareTo((next.Due, next.Arming)) < 0))
            {
                next = timer;
            }
        }

        if (next is null)
        {
            return null;
        }

        _armed.Remove(next);
        if (next.Period > TimeSpan.Zero)
        {
            Arm(next, next.Period);
        }

        return next.Fire;
    }

    private void Arm(Timer timer, TimeSpan dueTime)
    {
        Assert.Equal(_thread, Environment.CurrentManagedThreadId);
        timer.Due = worldMs() + (long)Math.Ceiling(dueTime.TotalMilliseconds);
        timer.Arming = _armings++;
        _armed.Add(timer);
    }

    private sealed class Timer(FleetTime owner, TimerCallback callback, object? state) : ITimer
    {
        private bool _isDisposed;

        public long Due { get; set; }

        public long Arming { get; set; }

        public TimeSpan Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            owner._armed.Remove(this);
            Period = period;
            if (!_isDisposed && dueTime != Timeout.InfiniteTimeSpan)
            {
                owner.Arm(this, dueTime);
            }

            return !_isDisposed;
        }

        public void Dispose()
        {
            _isDisposed = true;
            owner._armed.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
