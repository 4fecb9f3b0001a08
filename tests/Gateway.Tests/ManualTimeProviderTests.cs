namespace FastPush.Gateway.Tests;

public sealed class ManualTimeProviderTests
{
    private readonly ManualTimeProvider time = new();

    [Fact]
    public void The_clock_moves_only_by_hand()
    {
        var (utc, stamp) = (time.GetUtcNow(), time.GetTimestamp());
        Assert.Equal(utc, time.GetUtcNow());
        time.Advance(TimeSpan.FromMilliseconds(1500));
        Assert.Equal(utc.AddMilliseconds(1500), time.GetUtcNow());
        Assert.Equal(TimeSpan.FromMilliseconds(1500), time.GetElapsedTime(stamp));
    }

    [Fact]
    public void Timers_fire_in_order_and_see_their_due_time()
    {
        var start = time.GetTimestamp();
        var fired = new List<(string, double)>();
        void Note(object? name) => fired.Add(((string)name!, time.GetElapsedTime(start).TotalSeconds));
        using var late = time.CreateTimer(Note, "late", TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var beat = time.CreateTimer(Note, "beat", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));
        using var soon = time.CreateTimer(Note, "soon", TimeSpan.FromSeconds(1), TimeSpan.Zero);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal([("beat", 1d), ("soon", 1d), ("late", 3d), ("beat", 3d)], fired);
        Assert.Equal(1, time.ArmedTimers);
    }

    [Fact]
    public void A_callback_may_arm_the_next_timer_within_the_same_advance()
    {
        var count = 0;
        ITimer? timer = null;
        timer = time.CreateTimer(
            _ =>
            {
                if (++count < 3)
                {
                    timer!.Change(TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
                }
            },
            null,
            TimeSpan.FromSeconds(1),
            Timeout.InfiniteTimeSpan);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(2, count);
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(3, count);
    }

    [Fact]
    public void A_zero_due_time_fires_at_the_next_advance_and_a_disposed_timer_never()
    {
        var (zero, gone) = (0, 0);
        using var first = time.CreateTimer(_ => zero++, null, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        var second = time.CreateTimer(_ => gone++, null, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        second.Dispose();
        Assert.Equal(0, zero);
        time.Advance(TimeSpan.Zero);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal((1, 0), (zero, gone));
        Assert.False(second.Change(TimeSpan.Zero, TimeSpan.Zero));
    }

    [Fact]
    public void A_step_of_the_wall_clock_leaves_timestamps_and_timers_alone()
    {
        var (utc, stamp, fired) = (time.GetUtcNow(), time.GetTimestamp(), 0);
        using var timer = time.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        time.StepUtc(TimeSpan.FromHours(-1));
        Assert.Equal(utc.AddHours(-1), time.GetUtcNow());
        Assert.Equal(stamp, time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, fired);
    }

    [Fact]
    public async Task Delays_of_the_framework_run_on_it()
    {
        var delay = new TaskCompletionSource().Task.WaitAsync(TimeSpan.FromMinutes(1), time);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(delay.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<TimeoutException>(() => delay);
        Assert.Equal(0, time.ArmedTimers);
    }
}
