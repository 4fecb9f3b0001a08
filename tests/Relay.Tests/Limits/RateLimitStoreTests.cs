using FastPush.Relay.Limits;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;

namespace FastPush.Relay.Tests.Limits;

public sealed class RateLimitStoreTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private const string Key = "push:ratelimit:{u}";

    // µs, at 0.001 tokens a second.
    private const long Token = 1_000_000_000;

    private RedisStore _store = null!;
    private RedisStore _other = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        _store = await Stores.ConnectAsync(redis);
        _other = await Stores.ConnectAsync(redis);
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        await _other.DisposeAsync();
    }

    [Fact]
    public async Task All_servers_take_from_one_bucket()
    {
        var (here, there) = (new RateLimitStore(_store), new RateLimitStore(_other));
        var full = await Task.WhenAll(
            Enumerable.Range(0, 40).Select(i => (i % 2 == 0 ? here : there).ChargeAsync("u", 1, 25, 0.001)));
        Assert.Equal(25, full.Count(us => us <= 25 * Token));
        Assert.InRange(full.Max(), 39 * Token, 40 * Token);
    }

    [Fact]
    public async Task What_is_not_there_is_owed_up_to_sixteen_bucketfuls()
    {
        var limit = new RateLimitStore(_store);
        Assert.InRange(await limit.ChargeAsync("u", 0, 10, 0.001), 0, 0);
        Assert.False(await redis.Database.KeyExistsAsync(Key));
        Assert.InRange(await limit.ChargeAsync("u", 12, 10, 0.001), 11 * Token, 12 * Token);
        Assert.InRange(await limit.ChargeAsync("u", 0, 10, 0.001), 11 * Token, 12 * Token);
        Assert.InRange(await limit.ChargeAsync("u", 1000, 10, 0.001), 169 * Token, 170 * Token);
        Assert.InRange(await limit.ChargeAsync("v", 10, 10, 0.001), 9 * Token, 10 * Token);
    }

    [Fact]
    public async Task Tokens_come_back_with_time_and_the_key_goes_when_the_bucket_is_full()
    {
        var limit = new RateLimitStore(_store);
        Assert.InRange(await limit.ChargeAsync("u", 100, 100, 500), 1, 200_000);
        Assert.InRange((await redis.Database.KeyTimeToLiveAsync(Key) ?? TimeSpan.Zero).TotalMilliseconds, 0, 1000);
        await Until.TrueAsync(async () => await limit.ChargeAsync("u", 0, 100, 500) == 0);
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync(Key));
    }

    [Fact]
    public async Task The_key_lives_as_long_as_the_bucket_is_not_full()
    {
        await new RateLimitStore(_store).ChargeAsync("u", 5, 100, 0.1);
        Assert.InRange((await redis.Database.KeyTimeToLiveAsync(Key))!.Value.TotalMilliseconds, 20_000, 50_000);
    }

    [Fact]
    public async Task A_clock_that_stepped_back_blocks_nobody_longer_than_what_may_be_owed()
    {
        await redis.Database.StringSetAsync(Key, "9000000000000000");
        Assert.InRange(await new RateLimitStore(_store).ChargeAsync("u", 1, 10, 1), 1, 170_000_000);
    }

    [Fact]
    public async Task Without_a_limit_there_is_nothing_to_charge() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => new RateLimitStore(_store).ChargeAsync("u", 1, 1, 0));
}
