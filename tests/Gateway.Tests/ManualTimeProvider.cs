namespace FastPush.Gateway.Tests;

/// <summary>
/// A clock that stands still until a test moves it. Timers fire inside <see cref="Advance"/>, on its thread, in the order of
/// their due times (equal ones in the order in which they were armed), and see the time at which they were due. A due time
/// of zero fires at the next Advance, by zero included.
/// </summary>
internal sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock sync = new();
    private readonly List<ManualTimer> armed = [];
    private readonly DateTimeOffset start;
    private TimeSpan elapsed;
    private TimeSpan wallOffset;
    private long armings;

    public ManualTimeProvider(DateTimeOffset start) => this.start = start.ToUniversalTime();

    public ManualTimeProvider()
        : this(DateTimeOffset.FromUnixTimeSeconds(1_800_000_000))
    {
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Timers that will still fire.</summary>
    public int ArmedTimers
    {
        get
        {
            lock (sync)
            {
                return armed.Count;
            }
        }
    }

    public override DateTimeOffset GetUtcNow()
    {
        lock (sync)
        {
            return start + elapsed + wallOffset;
        }
    }

    public override long GetTimestamp()
    {
        lock (sync)
        {
            return elapsed.Ticks;
        }
    }

    /// <summary>Lets time pass; a timer armed by a callback fires in the same call if it falls due within it.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        TimeSpan target;
        lock (sync)
        {
            target = elapsed + by;
        }

        while (TakeDue(target) is { } timer)
        {
            timer.Fire();
        }

        lock (sync)
        {
            elapsed = target > elapsed ? target : elapsed;
        }
    }

    /// <summary>Sets the wall clock forward or back, as an administrator or NTP does; timestamps and timers do not notice.</summary>
    public void StepUtc(TimeSpan by)
    {
        lock (sync)
        {
            wallOffset += by;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private ManualTimer? TakeDue(TimeSpan target)
    {
        lock (sync)
        {
            ManualTimer? next = null;
            foreach (var timer in armed)
            {
                if (timer.Due <= target && (next is null || (timer.Due, timer.Arming).CompareTo((next.Due, next.Arming)) < 0))
                {
                    next = timer;
                }
            }

            if (next is null)
            {
                return null;
            }

            elapsed = next.Due > elapsed ? next.Due : elapsed;
            armed.Remove(next);
            if (next.Period > TimeSpan.Zero)
            {
                Arm(next, next.Period);
            }

            return next;
        }
    }

    // The caller holds sync.
    private void Arm(ManualTimer timer, TimeSpan dueTime)
    {
        timer.Due = elapsed + dueTime;
        timer.Arming = armings++;
        armed.Add(timer);
    }

    private sealed class ManualTimer(ManualTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private bool disposed;

        public TimeSpan Due { get; set; }

        public TimeSpan Period { get; private set; }

        public long Arming { get; set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            RequireTime(dueTime);
            RequireTime(period);
            lock (owner.sync)
            {
                if (disposed)
                {
                    return false;
                }

                owner.armed.Remove(this);
                Period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    owner.Arm(this, dueTime);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (owner.sync)
            {
                disposed = true;
                owner.armed.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private static void RequireTime(TimeSpan time)
        {
            if (time != Timeout.InfiniteTimeSpan)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
            }
        }
    }
}
