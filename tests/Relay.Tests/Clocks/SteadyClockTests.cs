using FastPush.Gateway.Tests;
using FastPush.Relay.Clocks;

namespace FastPush.Relay.Tests.Clocks;

public sealed class SteadyClockTests
{
    private const int SkewMaxMs = 1_000;

    private readonly ManualTimeProvider _machine = new();
    private readonly SteadyClock _clock;
    private readonly DateTimeOffset _start;
    private long _storeOffMs;

    public SteadyClockTests()
    {
        _clock = new SteadyClock(_machine, SkewMaxMs);
        _start = _machine.GetUtcNow();
    }

    // What the clock should say while nobody believes a jump.
    private double OffMs => (_clock.GetUtcNow() - _start).TotalMilliseconds - _machine.GetElapsedTime(0).TotalMilliseconds;

    private void Hear(int answerMs = 0)
    {
        var asked = _machine.GetTimestamp();
        _machine.Advance(TimeSpan.FromMilliseconds(answerMs));
        var now = _start.ToUnixTimeMilliseconds() + (long)_machine.GetElapsedTime(0).TotalMilliseconds - answerMs / 2;
        _clock.Hear(now + _storeOffMs, asked);
    }

    private void HearFor(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            _machine.Advance(TimeSpan.FromSeconds(1));
            Hear();
        }
    }

    [Theory]
    [InlineData(8 * 24 * 3600)]
    [InlineData(-3600)]
    public void Alone_it_follows_a_step_of_the_wall_clock_by_a_tenth_and_never_goes_back(int stepSeconds)
    {
        _machine.StepUtc(TimeSpan.FromSeconds(stepSeconds));
        var before = _clock.GetUtcNow();
        for (var i = 0; i < 6; i++)
        {
            _clock.FollowMachine();
            _machine.Advance(TimeSpan.FromSeconds(1));
            Assert.True(_clock.GetUtcNow() > before);
            before = _clock.GetUtcNow();
        }

        Assert.Equal(600 * Math.Sign(stepSeconds), OffMs, 1.0);
        _machine.StepUtc(TimeSpan.FromSeconds(-stepSeconds));
        for (var i = 0; i < 10; i++)
        {
            _clock.FollowMachine();
            _machine.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0, OffMs, 1.0);
        Assert.True(_clock.IsTrusted);
    }

    [Fact]
    public void In_a_fleet_the_machine_s_wall_clock_changes_nothing()
    {
        Hear();
        _machine.StepUtc(TimeSpan.FromHours(1));
        HearFor(5);
        _clock.FollowMachine();
        HearFor(5);
        Assert.Equal(0, OffMs, 2.0);
        Assert.True(_clock.IsTrusted);
        Assert.Equal(3_600_000, _clock.MachineAheadMs, 2.0);
        Assert.Equal(_machine.GetUtcNow(), SteadyClock.WallNow(_clock));
    }

    [Fact]
    public void A_jump_of_Redis_clock_stops_ids_and_is_not_followed_unless_it_lasts()
    {
        Hear();
        _storeOffMs = 3_600_000;
        HearFor(9);
        Assert.False(_clock.IsTrusted);
        Assert.Contains("3600 s apart", _clock.Fault, StringComparison.Ordinal);
        Assert.Equal(0, OffMs, 2.0);
        _storeOffMs = 0;
        HearFor(1);
        Assert.True(_clock.IsTrusted);
        Assert.Null(_clock.Fault);
        Assert.Equal(0, OffMs, 2.0);

        _storeOffMs = 3_600_000;
        HearFor(12);
        Assert.True(_clock.IsTrusted);
        Assert.Equal(3_600_000, OffMs, 2.0);
    }

    [Fact]
    public void Ids_that_ran_ahead_are_waited_out()
    {
        Hear();
        _storeOffMs = -30_000;
        HearFor(12);
        Assert.Equal(-30_000, OffMs, 2.0);
        Assert.False(_clock.IsTrusted);
        Assert.Contains("set back", _clock.Fault, StringComparison.Ordinal);
        HearFor(40);
        Assert.True(_clock.IsTrusted);
    }

    [Fact]
    public void A_small_deviation_is_made_up_for_without_a_step()
    {
        Hear();
        _storeOffMs = -500;
        var before = _clock.GetUtcNow();
        for (var i = 0; i < 8; i++)
        {
            HearFor(1);
            Assert.True(_clock.GetUtcNow() > before && _clock.IsTrusted);
            before = _clock.GetUtcNow();
        }

        Assert.Equal(-500, OffMs, 3.0);
    }

    [Fact]
    public void A_slow_answer_says_no_more_than_it_can()
    {
        Hear(answerMs: 4_000);
        Assert.False(_clock.HasHeard);
        Hear();
        Assert.True(_clock.HasHeard);
        _storeOffMs = 1_400;
        Hear(answerMs: 3_000);
        Assert.True(_clock.IsTrusted);
        Assert.Equal(0, OffMs, 2.0);
    }

    [Fact]
    public void A_machine_whose_clock_is_not_Redis_waits_until_Redis_clock_has_stayed()
    {
        _storeOffMs = 86_400_000;
        Hear();
        Assert.False(_clock.IsTrusted);
        HearFor(5);
        _storeOffMs = 3_600_000;
        HearFor(9);
        Assert.False(_clock.IsTrusted);
        HearFor(2);
        Assert.True(_clock.IsTrusted);
        Assert.Equal(3_600_000, OffMs, 2.0);
    }
}
