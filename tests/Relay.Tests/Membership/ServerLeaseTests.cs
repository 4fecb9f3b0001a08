using FastPush.Gateway.Tests;
using FastPush.Protocol.Ids;
using FastPush.Relay.Membership;
using FastPush.Relay.Redis;
using FastPush.Relay.Tests.Testing;

namespace FastPush.Relay.Tests.Membership;

public sealed class ServerLeaseTests(RedisServer redis) : IClassFixture<RedisServer>, IAsyncLifetime
{
    private static readonly LeaseOptions s_quick = new() { LeaseMs = 60_000, RenewMs = 10, FreshWaitMs = 0, RetryMs = 10 };

    private readonly LineLog _log = new();
    private readonly List<ServerLease> _leases = [];
    private RedisStore _store = null!;

    public async Task InitializeAsync()
    {
        await redis.Server.FlushAllDatabasesAsync();
        _store = await Stores.ConnectAsync(redis);
    }

    public async Task DisposeAsync()
    {
        foreach (var lease in _leases)
        {
            await lease.ReleaseAsync();
        }

        await _store.DisposeAsync();
    }

    [Fact]
    public async Task Each_server_has_an_id_of_its_own()
    {
        var ids = new HashSet<int>();
        for (var i = 0; i < 20; i++)
        {
            var lease = Make();
            var (id, epoch) = await AcquireAsync(lease);
            Assert.True(ids.Add(id));
            Assert.InRange(id, 0, Snowflake.ServerIdMax);
            Assert.InRange(epoch, 1_700_000_000_000_000, 4_000_000_000_000_000);
            Assert.True(lease.IsValid);
        }
    }

    [Fact]
    public async Task All_1024_ids_can_be_had_and_the_next_server_waits_for_a_free_one()
    {
        for (var id = 0; id <= Snowflake.ServerIdMax; id++)
        {
            await redis.Database.StringSetAsync(RedisKeys.Server(id), "somebody 1");
        }

        var acquiring = AcquireAsync(Make());
        await Until.TrueAsync(() => _log.Lines.Any(l => l.Contains("all ids are taken", StringComparison.Ordinal)));
        Assert.False(acquiring.IsCompleted);
        await redis.Database.KeyDeleteAsync(RedisKeys.Server(500));
        Assert.Equal(500, (await acquiring).ServerId);
    }

    [Fact]
    public async Task A_configured_id_is_taken_over_and_its_owner_told()
    {
        var old = Make(7);
        var lost = new TaskCompletionSource();
        old.Lost += lost.SetResult;
        var (_, oldEpoch) = await AcquireAsync(old);

        var taker = Make(7);
        var (id, epoch) = await AcquireAsync(taker);
        await lost.Task.WaitAsync(Until.Deadline);
        Assert.Equal(7, id);
        Assert.True(epoch > oldEpoch);
        Assert.False(old.IsValid);
        Assert.True(taker.IsValid);

        await old.ReleaseAsync();
        Assert.True(taker.IsValid);
        Assert.StartsWith(await OwnerAsync(7), await redis.Database.StringGetAsync(RedisKeys.Server(7)), StringComparison.Ordinal);
        Assert.NotEqual("-", await OwnerAsync(7));
    }

    [Fact]
    public async Task An_id_that_was_given_back_is_free_and_is_used_only_after_its_last_use()
    {
        var ahead = new ManualTimeProvider(TimeProvider.System.GetUtcNow().AddHours(1));
        var first = Make(9, ahead);
        await AcquireAsync(first);
        await first.ReleaseAsync();
        Assert.False(first.IsValid);
        Assert.Equal("-", await OwnerAsync(9));

        var behind = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        var acquiring = Make(9, behind).AcquireAsync(CancellationToken.None);
        await Until.TrueAsync(() => _log.Lines.Any(l => l.Contains("clock that is ahead", StringComparison.Ordinal)));
        await Until.TrueAsync(() =>
        {
            behind.Advance(TimeSpan.FromSeconds(30));
            return acquiring.IsCompleted;
        });
        Assert.True(behind.GetUtcNow() >= ahead.GetUtcNow());
        Assert.Equal(9, (await acquiring).ServerId);
    }

    [Fact]
    public async Task Without_renewals_it_is_valid_until_just_before_redis_gives_it_away()
    {
        var time = new ManualTimeProvider();
        var lease = Make(3, time, s_quick with { RenewMs = 3_600_000 });
        await lease.AcquireAsync(CancellationToken.None);
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(lease.IsValid);
        time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.False(lease.IsValid);
    }

    [Fact]
    public async Task A_suspended_machine_is_seen_by_its_wall_clock()
    {
        var time = new ManualTimeProvider();
        var lease = Make(3, time, s_quick with { RenewMs = 3_600_000 });
        await lease.AcquireAsync(CancellationToken.None);
        time.StepUtc(TimeSpan.FromSeconds(60));
        Assert.False(lease.IsValid);
    }

    [Fact]
    public async Task A_renewal_counts_from_before_it_was_sent()
    {
        var time = new ManualTimeProvider();
        var lease = Make(3, time, s_quick with { RenewMs = 20_000 });
        await lease.AcquireAsync(CancellationToken.None);
        for (var i = 0; i < 10; i++)
        {
            var before = await redis.Database.StringGetAsync(RedisKeys.Server(3));
            await Until.TrueAsync(async () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return await redis.Database.StringGetAsync(RedisKeys.Server(3)) != before;
            });
            await Until.TrueAsync(() => time.ArmedTimers > 0);
            Assert.True(lease.IsValid);
        }
    }

    [Fact]
    public async Task Lost_data_are_claimed_again_by_the_present_owner()
    {
        var lease = Make(4);
        await AcquireAsync(lease);
        var owner = await OwnerAsync(4);
        await redis.Server.FlushAllDatabasesAsync();
        await Until.TrueAsync(async () => await OwnerAsync(4) == owner);
        Assert.True(lease.IsValid);
        await Until.TrueAsync(() => _log.Lines.Any(l => l.StartsWith("2201", StringComparison.Ordinal))); // Said behind the claim.
    }

    [Fact]
    public async Task A_lease_that_ran_out_is_valid_again_when_nobody_took_the_id()
    {
        var time = new ManualTimeProvider();
        var lease = Make(5, time, s_quick with { RenewMs = 1000 });
        await lease.AcquireAsync(CancellationToken.None);
        await redis.Database.KeyDeleteAsync(RedisKeys.Server(5));
        time.StepUtc(TimeSpan.FromMinutes(2));
        Assert.False(lease.IsValid);
        await Until.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            return lease.IsValid;
        });
        Assert.NotEqual("", await OwnerAsync(5));
    }

    [Fact]
    public async Task A_redis_that_knows_no_fleet_is_let_rest_by_newcomers_without_a_configured_id()
    {
        var options = s_quick with { FreshWaitMs = 3_600_000 };
        using var end = new CancellationTokenSource();
        var acquiring = Make(options: options).AcquireAsync(end.Token);
        await Until.TrueAsync(() => _log.Lines.Any(l => l.Contains("has just started", StringComparison.Ordinal)));
        Assert.Equal(6, (await AcquireAsync(Make(6, options: options))).ServerId);
        Assert.False(acquiring.IsCompleted);

        await redis.Database.StringSetAsync(RedisKeys.Fleet, "1"); // Met long ago, but this Redis has not been up for an hour.
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acquiring);
        using var again = new CancellationTokenSource();
        _log.Lines.Clear();
        acquiring = Make(options: options).AcquireAsync(again.Token);
        await Until.TrueAsync(() => _log.Lines.Any(l => l.Contains("has just started", StringComparison.Ordinal)));
        await again.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => acquiring);
    }

    [Fact]
    public async Task It_waits_for_redis_and_says_so_once()
    {
        var late = new RedisServer();
        await late.InitializeAsync();
        await late.KillAsync();
        await using var store = new RedisStore(
            late.Configuration, new RedisStoreOptions { ProbeMs = 20, BreakMs = 500 }, TimeProvider.System, _log);
        store.Start();
        var lease = new ServerLease(store, 1, s_quick, TimeProvider.System, _log);
        var acquiring = lease.AcquireAsync(CancellationToken.None);
        await Until.TrueAsync(() => _log.Lines.Any(l => l.StartsWith("2200", StringComparison.Ordinal)));
        await late.StartAsync();
        Assert.Equal(1, (await acquiring.WaitAsync(Until.Deadline)).ServerId);
        await lease.ReleaseAsync();
        await late.DisposeAsync();
    }

    private static Task<(int ServerId, long Epoch)> AcquireAsync(ServerLease lease) =>
        lease.AcquireAsync(CancellationToken.None).WaitAsync(Until.Deadline);

    private async Task<string> OwnerAsync(int id) =>
        ((string?)await redis.Database.StringGetAsync(RedisKeys.Server(id)) ?? "").Split(' ')[0];

    private ServerLease Make(int? id = null, TimeProvider? time = null, LeaseOptions? options = null)
    {
        var lease = new ServerLease(_store, id, options ?? s_quick, time ?? TimeProvider.System, _log);
        _leases.Add(lease);
        return lease;
    }
}
