using FastPush.Gateway.Tests;
using FastPush.Relay.Membership;

namespace FastPush.Relay.Tests.Membership;

public sealed class MemberTableTests
{
    private static readonly TimeSpan s_deadAfter = TimeSpan.FromSeconds(5);

    private readonly ManualTimeProvider _time = new();
    private readonly MemberTable _table;

    public MemberTableTests() => _table = new MemberTable("1.100", s_deadAfter, _time);

    [Fact]
    public void A_server_is_alive_from_its_first_beat_until_it_was_silent_for_the_whole_time()
    {
        Look(1000, ("2.200", 900));
        Assert.Equal(["2.200"], _table.Came);

        Pass(2.4, 3400, ("2.200", 900));
        Pass(2.4, 5800, ("2.200", 900));
        Assert.Empty(_table.Gone);

        Pass(0.2, 6000, ("2.200", 900));
        Assert.Equal(["2.200"], _table.Gone);
        Assert.Empty(_table.Others);
        Pass(1, 7000, ("2.200", 900));
        Pass(1, 8000);
        Assert.Empty(_table.Gone);
        Assert.Empty(_table.Others);
    }

    [Fact]
    public void A_beat_keeps_it_alive_and_brings_it_back()
    {
        Look(1000, ("2.200", 900));
        for (var beat = 1; beat < 10; beat++)
        {
            Pass(2, 1000 + (2000 * beat), ("2.200", 900 + (2000 * beat)));
        }

        Assert.Empty(_table.Gone);
        for (var silent = 1; silent < 4; silent++)
        {
            Pass(2, 19_000 + (2000 * silent), ("2.200", 18_900));
        }

        Assert.Empty(_table.Others);
        Pass(1, 26_000, ("2.200", 25_900));
        Assert.Equal(["2.200"], _table.Came);
        Assert.Equal(["2.200"], _table.Others);
    }

    [Fact]
    public void Who_leaves_is_gone_at_once()
    {
        Look(1000, ("2.200", 900));
        Pass(1, 2000, ("2.200", -1950));
        Assert.Equal(["2.200"], _table.Gone);
    }

    [Fact]
    public void Who_left_before_this_server_came_was_never_there()
    {
        Look(1000, ("2.200", -900));
        Assert.Empty(_table.Came);
        Assert.Empty(_table.Gone);
    }

    [Fact]
    public void Lost_data_kill_nobody_who_beats_again()
    {
        Look(1000, ("2.200", 900));
        Pass(1, 2000);
        Pass(1, 3000, ("2.200", 2900));
        Assert.Empty(_table.Gone);
        Assert.Equal(["2.200"], _table.Others);
    }

    [Fact]
    public void A_step_of_the_store_s_clock_kills_nobody()
    {
        Look(1000, ("2.200", 900));
        Pass(1, 3_600_000, ("2.200", 900));
        Pass(1, 3_601_000, ("2.200", 3_600_900));
        Pass(1, 5000, ("2.200", 4900));
        Assert.Empty(_table.Gone);
        Assert.Equal(["2.200"], _table.Others);
    }

    [Fact]
    public void After_an_outage_everybody_has_twice_the_time()
    {
        Look(1000, ("2.200", 900), ("3.300", 900));
        Pass(60, 61_000, ("2.200", 900), ("3.300", 900));
        Assert.Empty(_table.Gone);

        for (var i = 1; i <= 4; i++)
        {
            Pass(2, 61_000 + (2000 * i), ("2.200", 900), ("3.300", i == 4 ? 68_900 : 900));
            Assert.Empty(_table.Gone);
        }

        Pass(2, 71_000, ("2.200", 900), ("3.300", 70_900));
        Assert.Equal(["2.200"], _table.Gone);
    }

    [Fact]
    public void Two_beats_after_the_first_look_a_server_knows_this_one()
    {
        Look(1000, ("2.200", 900));
        Assert.Equal(1, _table.Unaware());
        Pass(1, 2000, ("2.200", 1900));
        Assert.Equal(1, _table.Unaware());
        Pass(1, 3000, ("2.200", 2900));
        Assert.Equal(0, _table.Unaware());
    }

    [Fact]
    public void Who_has_no_contact_need_not_know_this_one()
    {
        Look(10_000, ("2.200", 9000), ("3.300", 4900));
        Assert.Equal(1, _table.Unaware());
        Pass(1, 11_000, ("2.200", 9000), ("3.300", 4900));
        Assert.Equal(1, _table.Unaware());
        Pass(2, 14_001, ("2.200", 9000), ("3.300", 4900));
        Assert.Equal(0, _table.Unaware());
    }

    private void Pass(double seconds, long redisMs, params (string Token, long At)[] beats)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Look(redisMs, beats);
    }

    private void Look(long redisMs, params (string Token, long At)[] beats) =>
        _table.Look(redisMs, [.. beats.Select(b => new Beat(b.Token, b.At)), new Beat("1.100", redisMs)]);
}
