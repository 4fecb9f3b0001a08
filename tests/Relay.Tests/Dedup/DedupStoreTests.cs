using FastPush.Relay.Dedup;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;

namespace FastPush.Relay.Tests.Dedup;

public sealed class DedupStoreTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private RedisStore _store = null!;
    private DedupStore _dedup = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        _store = await Stores.ConnectAsync(redis);
        _dedup = new DedupStore(_store, new DedupOptions());
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_confirmed_publish_answers_its_repetitions()
    {
        Assert.Equal(new DedupClaim(11, DedupState.New), await _dedup.ClaimAsync("u", "k", 11));
        Assert.True(await _dedup.ConfirmAsync("u", "k", 11));
        Assert.Equal(new DedupClaim(11, DedupState.Done), await _dedup.ClaimAsync("u", "k", 12));
        var left = await redis.Database.KeyTimeToLiveAsync("push:dedup:{u/k}");
        Assert.InRange(left!.Value.TotalMilliseconds, 500_000, 600_000);
    }

    [Fact]
    public async Task Of_claims_at_the_same_time_one_is_new()
    {
        var claims = await Task.WhenAll(Enumerable.Range(1, 50).Select(i => _dedup.ClaimAsync("u", "k", i)));
        var first = Assert.Single(claims, c => c.State == DedupState.New);
        Assert.All(claims, c => Assert.Equal(first.MessageId, c.MessageId));
        Assert.Equal(49, claims.Count(c => c.State == DedupState.Pending));
    }

    [Fact]
    public async Task A_refused_publish_leaves_no_trace_and_a_confirmed_one_stays()
    {
        await _dedup.ClaimAsync("u", "k", 11);
        await _dedup.ForgetAsync("u", "k", 99);
        Assert.Equal(DedupState.Pending, (await _dedup.ClaimAsync("u", "k", 12)).State);
        await _dedup.ForgetAsync("u", "k", 11);
        Assert.Equal(new DedupClaim(12, DedupState.New), await _dedup.ClaimAsync("u", "k", 12));
        await _dedup.ConfirmAsync("u", "k", 12);
        await _dedup.ForgetAsync("u", "k", 12);
        Assert.Equal(DedupState.Done, (await _dedup.ClaimAsync("u", "k", 13)).State);
    }

    [Fact]
    public async Task A_claim_that_ran_out_can_be_confirmed_unless_the_key_went_to_another()
    {
        var brief = new DedupStore(_store, new DedupOptions { PendingMs = 1 });
        await brief.ClaimAsync("u", "k", 11);
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync("push:dedup:{u/k}"));
        Assert.True(await _dedup.ConfirmAsync("u", "k", 11));

        await brief.ClaimAsync("u", "l", 21);
        await Until.TrueAsync(async () => !await redis.Database.KeyExistsAsync("push:dedup:{u/l}"));
        await _dedup.ClaimAsync("u", "l", 22);
        Assert.False(await _dedup.ConfirmAsync("u", "l", 21));
        Assert.Equal(22, (await _dedup.ClaimAsync("u", "l", 23)).MessageId);
    }

    [Fact]
    public async Task Keys_of_different_users_and_message_ids_do_not_meet()
    {
        Assert.Equal(DedupState.New, (await _dedup.ClaimAsync("u", "v/k", 1)).State);
        Assert.Equal(DedupState.New, (await _dedup.ClaimAsync("v", "k", 2)).State);
        Assert.Equal(DedupState.New, (await _dedup.ClaimAsync("u", "{v}/k%", 3)).State);
        Assert.True(await _dedup.TryAddAsync(1));
        Assert.False(await _dedup.TryAddAsync(1));
        Assert.True(await _dedup.TryAddAsync(2));
        Assert.True(await redis.Database.KeyExistsAsync("push:dedup:{1}"));
    }
}
