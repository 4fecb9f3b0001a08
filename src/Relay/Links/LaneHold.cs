namespace FastPush.Relay.Links;

/// <summary>
/// The bound on how long a lane collects messages while it waits for an answer. One timer, armed at most once at a time and not for each
/// hold, since answers come a thousand times as often as it is needed. All but the timer's call under the lane's lock.
/// </summary>
internal sealed class LaneHold : IDisposable
{
    private readonly ITimer _timer;
    private readonly TimeSpan _half;
    private long _holds;
    private long _armedAt;
    private bool _isArmed;

    /// <param name="longest">A hold lasts so long at most, and at least half of it.</param>
    /// <param name="clock">For the timer.</param>
    /// <param name="late">Called by the timer, without the lane's lock: asks <see cref="IsOver"/> under it.</param>
    public LaneHold(TimeSpan longest, TimeProvider clock, Action late)
    {
        _half = longest / 2;
        _timer = clock.CreateTimer(static state => ((Action)state!)(), late, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The lane is held.</summary>
    public bool IsOn { get; private set; }

    public void Begin()
    {
        if (!IsOn)
        {
            IsOn = true;
            _holds++;
            if (!_isArmed)
            {
                Arm();
            }
        }
    }

    public void End() => IsOn = false;

    /// <summary>The timer came: whether the hold has lasted long enough. If not, and it lasts, the timer comes again.</summary>
    public bool IsOver()
    {
        _isArmed = false;
        if (!IsOn)
        {
            return false;
        }

        // Half of the time ago another hold, or none, was on: this one gets its own half.
        var isOver = _holds == _armedAt;
        if (!isOver)
        {
            Arm();
        }

        return isOver;
    }

    public void Dispose() => _timer.Dispose();

    private void Arm()
    {
        _armedAt = _holds;
        _isArmed = true;
        _timer.Change(_half, Timeout.InfiniteTimeSpan);
    }
}
