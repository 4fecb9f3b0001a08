using System.Globalization;
using FastPush.Protocol.Ids;

namespace FastPush.Protocol.Tests.Ids;

public sealed class SnowflakeTests
{
    private const long Now = Snowflake.EpochUnixMs + 40_000_000_000;

    [Fact]
    public void The_epoch_is_the_first_of_January_2025()
    {
        Assert.Equal("2025-01-01T00:00:00.000Z", Iso(Snowflake.UnixMs(0)));
        Assert.Equal("2094-09-07T15:47:35.551Z", Iso(Snowflake.UnixMs(long.MaxValue)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(682)]
    [InlineData(1023)]
    public void An_id_is_41_bits_of_time_10_of_server_12_of_sequence(int serverId)
    {
        var snowflake = new Snowflake(serverId);
        var first = snowflake.Next(Now);
        var second = snowflake.Next(Now);

        Assert.Equal((40_000_000_000L << 22) | ((long)serverId << 12), first);
        Assert.Equal(first + 1, second);
        Assert.Equal(Now, Snowflake.UnixMs(second));
        Assert.Equal(serverId, Snowflake.ServerId(second));
        Assert.Equal(1, Snowflake.Sequence(second));
    }

    [Fact]
    public void The_last_id_of_all_is_the_largest_long_and_none_follows()
    {
        var snowflake = new Snowflake(1023);
        var id = 0L;
        for (var i = 0; i < 4096; i++)
            id = snowflake.Next(Snowflake.UnixMsMax);

        Assert.Equal(long.MaxValue, id);
        Assert.Equal(Snowflake.UnixMsMax, Snowflake.UnixMs(id));
        Assert.Throws<OverflowException>(() => snowflake.Next(Snowflake.UnixMsMax));
    }

    [Fact]
    public void A_clock_past_the_last_millisecond_is_refused_and_uses_nothing_up()
    {
        var snowflake = new Snowflake(5);
        Assert.Throws<ArgumentOutOfRangeException>(() => snowflake.Next(Snowflake.UnixMsMax + 1));
        Assert.Equal(Now, Snowflake.UnixMs(snowflake.Next(Now)));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1024)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    public void A_server_id_that_does_not_fit_is_refused(int serverId) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Snowflake(serverId));

    [Theory]
    [InlineData(Snowflake.EpochUnixMs)]
    [InlineData(Snowflake.EpochUnixMs - 1)]
    [InlineData(0)]
    [InlineData(long.MinValue)]
    public void A_clock_before_the_epoch_counts_as_the_epoch_and_never_gives_0(long unixMs)
    {
        var snowflake = new Snowflake(0);
        Assert.Equal(0, snowflake.AheadMs(unixMs));
        var first = snowflake.Next(unixMs);
        var second = snowflake.Next(unixMs);

        Assert.True(first > 0);
        Assert.True(second > first);
        Assert.Equal(Snowflake.EpochUnixMs, Snowflake.UnixMs(second));
    }

    [Fact]
    public void More_than_4096_ids_in_a_millisecond_run_ahead_of_the_clock_which_catches_up()
    {
        var snowflake = new Snowflake(7);
        var last = 0L;
        for (var i = 0; i < 4096; i++)
            last = snowflake.Next(Now);
        Assert.Equal((Now, 4095), (Snowflake.UnixMs(last), Snowflake.Sequence(last)));
        Assert.Equal(0, snowflake.AheadMs(Now));

        var over = snowflake.Next(Now);
        Assert.True(over > last);
        Assert.Equal((Now + 1, 0, 7), (Snowflake.UnixMs(over), Snowflake.Sequence(over), Snowflake.ServerId(over)));
        Assert.Equal(1, snowflake.AheadMs(Now));

        Assert.Equal((Now + 1, 1), Fields(snowflake.Next(Now + 1)));
        Assert.Equal(0, snowflake.AheadMs(Now + 1));
        Assert.Equal((Now + 2, 0), Fields(snowflake.Next(Now + 2)));
    }

    [Fact]
    public void A_clock_that_steps_back_leaves_the_ids_rising()
    {
        var snowflake = new Snowflake(7);
        var before = snowflake.Next(Now);
        var after = snowflake.Next(Now - 60_000);

        Assert.Equal(before + 1, after);
        Assert.Equal(60_000, snowflake.AheadMs(Now - 60_000));
        Assert.Equal((Now, 2), Fields(snowflake.Next(Now - 1)));
        Assert.Equal((Now + 5, 0), Fields(snowflake.Next(Now + 5)));
        Assert.Equal(0, snowflake.AheadMs(Now + 5));
    }

    [Fact]
    public void Ids_rise_under_any_clock()
    {
        var random = new Random(20250101);
        var snowflake = new Snowflake(512);
        var (clock, last) = (Now, 0L);
        for (var i = 0; i < 100_000; i++)
        {
            clock += random.Next(-50, 50);
            var id = snowflake.Next(clock);
            Assert.True(id > last, $"id {i} ({id}) does not rise over {last}");
            Assert.Equal(512, Snowflake.ServerId(id));
            Assert.Equal(Snowflake.UnixMs(id) - clock, snowflake.AheadMs(clock));
            last = id;
        }
    }

    [Fact]
    public void Four_threads_never_get_the_same_id()
    {
        const int Each = 50_000;
        var snowflake = new Snowflake(3);
        using var start = new Barrier(4);
        var ids = new long[4][];
        var threads = Enumerable.Range(0, 4).Select(t => new Thread(() =>
        {
            var own = new long[Each];
            start.SignalAndWait();
            for (var i = 0; i < Each; i++)
                own[i] = snowflake.Next(Now + (i >> 13) - t);
            ids[t] = own;
        })).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();

        Assert.All(ids, own => Assert.True(own.Zip(own.Skip(1)).All(pair => pair.First < pair.Second), "a thread saw its ids fall"));
        Assert.Equal(4 * Each, ids.SelectMany(own => own).Distinct().Count());
    }

    [Fact]
    public void Next_allocates_nothing()
    {
        var snowflake = new Snowflake(1);
        Assert.Equal(0, Allocations.Least(() => snowflake.Next(Now), times: 10_000, rounds: 10));
    }

    private static string Iso(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static (long UnixMs, int Sequence) Fields(long id) => (Snowflake.UnixMs(id), Snowflake.Sequence(id));
}
