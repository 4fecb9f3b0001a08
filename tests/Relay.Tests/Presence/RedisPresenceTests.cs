using System.Globalization;
using FastPush.Relay.Presence;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;
using FastPush.Relay.Tests.Users;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace FastPush.Relay.Tests.Presence;

public sealed class RedisPresenceTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private RedisStore _store = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        _store = await Stores.ConnectAsync(redis);
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    private async Task RefreshAsync(params string[] users)
    {
        RedisKey[] keys = [.. users.Select(u => (RedisKey)RedisKeys.Presence(u)), .. users.Select(u => (RedisKey)RedisKeys.Session(u))];
        await _store.EvalAsync(PresenceScripts.RefreshOnline, keys, [60]);
    }

    private async Task<string?> StandingAsync(string user) => await redis.Database.StringGetAsync(RedisKeys.Presence(user));

    [Fact]
    public async Task Who_left_after_the_turn_was_drawn_up_stays_away()
    {
        using var presence = Open();
        presence.Connected("a", 1);
        presence.Connected("b", 2);
        Assert.Equal(1, (await presence.GetAsync("a")).Sessions);
        presence.Disconnected("b", 2, 1234);
        Assert.Equal(1234, (await presence.GetAsync("b")).LastSeenMs);
        await redis.Database.KeyExpireAsync(RedisKeys.Presence("a"), TimeSpan.FromSeconds(5));
        await RefreshAsync("a", "b");
        Assert.Equal("online", await StandingAsync("a"));
        Assert.InRange((await redis.Database.KeyTimeToLiveAsync(RedisKeys.Presence("a")))!.Value.TotalSeconds, 30, 60);
        Assert.Equal("1234", await StandingAsync("b"));
        await presence.StopAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("1234")]
    public async Task Who_is_here_is_online_again_whatever_became_of_the_key(string? standing)
    {
        using var presence = Open();
        presence.Connected("a", 1);
        Assert.Equal(1, (await presence.GetAsync("a")).Sessions);
        await redis.Database.KeyDeleteAsync(RedisKeys.Presence("a"));
        if (standing is not null)
        {
            await redis.Database.StringSetAsync(RedisKeys.Presence("a"), standing);
        }

        await RefreshAsync("a");
        Assert.Equal("online", await StandingAsync("a"));
        await presence.StopAsync();
    }

    [Fact]
    public async Task Who_comes_and_goes_before_that_is_written_leaves_the_last_going_alone()
    {
        using var presence = Open();
        for (var session = 1; session <= 5_000; session++)
        {
            presence.Connected("a", session);
            presence.Disconnected("a", session, 1_000 + session);
        }

        presence.Connected("a", 6_000);
        Assert.Equal(1, (await presence.GetAsync("a")).Sessions);
        presence.Disconnected("a", 6_000, 9_999);
        Assert.Equal((0, 9_999), ((await presence.GetAsync("a")).Sessions, (await presence.GetAsync("a")).LastSeenMs));
        var calls = await redis.Server.InfoAsync("commandstats");
        var added = calls.SelectMany(group => group).FirstOrDefault(line => line.Key == "cmdstat_sadd").Value;
        Assert.InRange(int.Parse(added.Split("calls=")[1].Split(',')[0], CultureInfo.InvariantCulture), 1, 4_000);
        await presence.StopAsync();
    }

    private RedisPresence Open() =>
        new(_store, new Members("1.1"), 1, new PresenceOptions(), TimeProvider.System, NullLogger.Instance);
}
