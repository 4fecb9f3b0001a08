using FastPush.Gateway.Tests;
using FastPush.Relay.Membership;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Users;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;
using Fleet = FastPush.Relay.Membership.Membership;

namespace FastPush.Relay.Tests.Membership;

public sealed class MembershipTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private readonly ManualTimeProvider _time = new();
    private RedisStore _store = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        _store = await Stores.ConnectAsync(redis);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task Servers_see_each_other_by_their_tokens()
    {
        var (one, two) = (Make(1, 100), Make(2, 200));
        await one.BeatAsync();
        await two.BeatAsync();
        await one.BeatAsync();

        Assert.Equal(",1.100,2.200,", one.Alive);
        Assert.Equal(",2.200,1.100,", two.Alive);
        Assert.True(one.IsAlive(2));
        Assert.False(one.IsAlive(3));
        Assert.Equal(2, one.Count);
    }

    [Fact]
    public async Task Before_the_first_answer_and_after_a_silence_the_living_are_not_known()
    {
        var one = Make(1, 100);
        Assert.True(one.IsAlive(1));
        Assert.Throws<StoreUnavailableException>(() => one.Alive);
        await one.BeatAsync();
        Assert.Equal(",1.100,", one.Alive);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Throws<StoreUnavailableException>(() => one.Alive);
    }

    [Fact]
    public async Task Who_asks_after_a_silence_waits_for_the_next_answer_but_not_for_ever()
    {
        var one = Make(1, 100);
        await one.BeatAsync();
        Assert.True(one.RefreshAsync(1_000).IsCompletedSuccessfully);
        _time.Advance(TimeSpan.FromSeconds(5));
        var refreshing = one.RefreshAsync(1_000);
        Assert.False(refreshing.IsCompleted);
        await one.BeatAsync();
        await refreshing;
        Assert.Equal(",1.100,", one.Alive);

        _time.Advance(TimeSpan.FromSeconds(5));
        refreshing = one.RefreshAsync(1_000);
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(refreshing.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await refreshing;
        Assert.Throws<StoreUnavailableException>(() => one.Alive);
    }

    [Fact]
    public async Task A_silent_server_is_told_as_gone_once()
    {
        var (one, two) = (Make(1, 100), Make(2, 200));
        var gone = new List<(int, string, bool)>();
        one.ServerGone += (id, token, hasLeft) => gone.Add((id, token, hasLeft));
        await two.BeatAsync();
        for (var i = 0; i < 5; i++)
        {
            await one.BeatAsync();
            _time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal([(2, "2.200", false)], gone);
        Assert.False(one.IsAlive(2));
    }

    [Fact]
    public async Task Who_stops_is_gone_at_the_next_beat_of_the_others()
    {
        var (one, two) = (Make(1, 100), Make(2, 200));
        await two.BeatAsync();
        await one.BeatAsync();
        Assert.True(one.IsAlive(2));
        var gone = new List<(int, string, bool)>();
        one.ServerGone += (id, token, hasLeft) => gone.Add((id, token, hasLeft));
        await two.StopAsync();
        await one.BeatAsync();
        Assert.False(one.IsAlive(2));
        Assert.Equal([(2, "2.200", true)], gone);
    }

    [Fact]
    public async Task A_newcomer_has_joined_when_all_the_others_have_read_its_name()
    {
        var (one, two, three) = (Make(1, 100), Make(2, 200), Make(3, 300));
        await one.BeatAsync();
        await two.BeatAsync();
        await three.BeatAsync();

        await NextAsync(one, two, three);
        await NextAsync(one, three);
        Assert.False(three.Joined.IsCompleted);
        Assert.Contains(",3.300,", two.Alive, StringComparison.Ordinal);

        await NextAsync(two, three);
        Assert.True(three.Joined.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task The_first_server_waits_for_nobody()
    {
        var one = Make(1, 100);
        await one.BeatAsync();
        Assert.True(one.Joined.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Who_was_taken_for_dead_is_told_when_the_others_know_it_again()
    {
        var (one, two) = (Make(1, 100), Make(2, 200));
        await NextAsync(one, two, one);
        var changes = 0;
        two.Changed += () => changes++;

        await redis.Database.SortedSetAddAsync(RedisKeys.Servers, "2.200", -1); // As others see it who missed its beats.
        await NextAsync(two);
        Assert.Equal(0, changes);
        await NextAsync(one, two);
        Assert.Equal(0, changes);
        await NextAsync(one, two);
        Assert.Equal(1, changes);
    }

    [Fact]
    public async Task Lost_data_make_nobody_dead()
    {
        var (one, two) = (Make(1, 100), Make(2, 200));
        await NextAsync(one, two, one);
        await redis.Server.FlushAllDatabasesAsync();
        await NextAsync(one);
        Assert.True(one.IsAlive(2));
        await NextAsync(two, one);
        Assert.True(one.IsAlive(2));
        Assert.True(two.IsAlive(1));
    }

    [Fact]
    public async Task The_gone_are_forgotten_after_a_while()
    {
        var (one, two) = (Make(1, 100, forgetAfterMs: 1), Make(2, 200));
        await two.BeatAsync();
        await Until.TrueAsync(async () =>
        {
            await one.BeatAsync();
            return await redis.Database.SortedSetScoreAsync(RedisKeys.Servers, "2.200") is null;
        });
        Assert.NotNull(await redis.Database.SortedSetScoreAsync(RedisKeys.Servers, "1.100"));
    }

    [Fact]
    public async Task The_beats_go_on_by_themselves_through_an_outage()
    {
        var outage = new RedisServer();
        await outage.InitializeAsync();
        await using var store = await Stores.ConnectAsync(outage);
        var options = new MembershipOptions { HeartBeatMs = 20, DeadAfterMs = 60_000 };
        var one = new Fleet(store, 1, 100, options, TimeProvider.System, NullLogger.Instance);
        await one.StartAsync(CancellationToken.None).WaitAsync(Until.Deadline);

        await outage.KillAsync();
        await Until.TrueAsync(() => !store.IsUp);
        await outage.StartAsync();
        await Until.TrueAsync(async () => store.IsUp && await BeatenAsync(outage));
        await one.StopAsync();
        Assert.True(await outage.Database.SortedSetScoreAsync(RedisKeys.Servers, "1.100") < 0);
        await outage.DisposeAsync();
    }

    // The test's own connection may be back later than the store's.
    private static async Task<bool> BeatenAsync(RedisServer server)
    {
        try
        {
            return await server.Database.SortedSetLengthAsync(RedisKeys.Servers) == 1;
        }
        catch (RedisException)
        {
            return false;
        }
    }

    // Redis' clock tells beats apart by the millisecond.
    private async Task NextAsync(params Fleet[] servers)
    {
        foreach (var server in servers)
        {
            var before = await redis.Server.TimeAsync();
            await Until.TrueAsync(async () => (await redis.Server.TimeAsync() - before).TotalMilliseconds >= 2);
            await server.BeatAsync();
        }
    }

    private Fleet Make(int id, long epoch, int forgetAfterMs = 60_000) => new(
        _store,
        id,
        epoch,
        new MembershipOptions { DeadAfterMs = 5000, ForgetAfterMs = forgetAfterMs },
        _time,
        NullLogger.Instance);
}
