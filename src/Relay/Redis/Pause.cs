namespace FastPush.Relay.Redis;

/// <summary>What a loop does between two rounds: it waits until its time is over, until somebody wakes it, or until it has to
/// end.</summary>
internal sealed class Pause(TimeProvider time)
{
    private TaskCompletionSource _wake = NewWake();
    private volatile bool _isStopped;

    /// <summary>The loop has to end.</summary>
    public bool IsStopped => _isStopped;

    /// <summary>Ends at once when it was woken since the last wait.</summary>
    public async Task WaitAsync(int ms)
    {
        var wake = Volatile.Read(ref _wake);
        await using (time.CreateTimer(s_end, wake, TimeSpan.FromMilliseconds(ms), Timeout.InfiniteTimeSpan))
        {
            await wake.Task;
        }

        if (!_isStopped)
        {
            Interlocked.CompareExchange(ref _wake, NewWake(), wake);
        }
    }

    /// <summary>Ends the wait, or the next one.</summary>
    public void Wake() => Volatile.Read(ref _wake).TrySetResult();

    /// <summary>Ends every wait from now on.</summary>
    public void Stop()
    {
        _isStopped = true;
        Wake();
    }

    private static readonly TimerCallback s_end = static wake => ((TaskCompletionSource)wake!).TrySetResult();

    private static TaskCompletionSource NewWake() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
