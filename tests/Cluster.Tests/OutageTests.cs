using System.Net;
using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>Redis goes away under a fleet at work, in the ways it does, and comes back.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private const string User = "bob";

    private static readonly object s_refused = new { to = new { user = "dave", queue = "q" }, payload = 1, idempotencyKey = "refused" };

    private RedisServer _redis = null!;
    private TcpProxy _proxy = null!;
    private Fleet _fleet = null!;
    private StompClient _topicReader = null!;
    private StompClient _user = null!;

    public async Task InitializeAsync()
    {
        _redis = await RedisServer.StartAsync(new RedisSettings { AppendOnly = true });
        _proxy = TcpProxy.Start(_redis.Port);
        _fleet = await Fleet.StartAsync(
            _redis.ConfigurationAt(_proxy.Port),
            2,
            GatewayState.Ready,
            null,
            "--FastPush:Cluster:CallTimeoutMs=2000",
            "--FastPush:Ack:TimeoutMs=600000"); // What is not acknowledged comes again with the next connection, not before.
        _topicReader = await _fleet.SubscribeAsync(0, "reader", $"/topic/{User}");
        _user = await _fleet.SubscribeAsync(0, User, "/user/queue/q", "ack:client-individual");
    }

    public async Task DisposeAsync()
    {
        await _fleet.DisposeAsync();
        await _proxy.DisposeAsync();
        await _redis.DisposeAsync();
    }

    private async Task GoesOnAsync(string reason)
    {
        await _fleet.UnreadyAsync();
        foreach (var gateway in _fleet.Gateways)
        {
            Assert.Contains("\"reason\":\"", await gateway.ReasonAsync(), StringComparison.Ordinal);
            await gateway.SaysOnceAsync(reason);
        }

        await _fleet.LocalDeliveryAsync(_topicReader, _user, User);
        await ComponentsGoOnAsync();
    }

    // What each part does without Redis: the registry, the queue of a new subscription, deduplication, and the circuit breaker.
    private async Task ComponentsGoOnAsync()
    {
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await _fleet.PresenceStatusAsync(0, User));
        await using var carol = await StompClient.ConnectAsync(_fleet.Gateways[0].Address, _fleet.Signer.Sign("carol"));
        await carol.SubscribeAsync("/user/queue/q");
        await carol.SendAsync("/user/carol/queue/q", "came in the outage");
        Assert.Equal("came in the outage", (await carol.NextAsync()).Body);

        var once = new { to = new { user = "carol", queue = "q" }, payload = "once", idempotencyKey = "once" };
        Assert.Equal(await _fleet.PublishAsync(0, once), await _fleet.PublishAsync(0, once));
        await carol.SendAsync("/user/carol/queue/q", "last");
        Assert.Equal(["\"once\"", "last"], await carol.BodiesAsync(2));

        // A refusal is not remembered as a publish.
        for (var i = 0; i < 2; i++)
        {
            using var answer = await _fleet.PostAsync(0, s_refused);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        }

        await Deadline.Until(async () => await _fleet.Gateways[0].MetricAsync("push_redis_circuit_state{state=\"closed\"}") == 0);
    }

    // The connections from before the outage live, and what was delivered in it but not acknowledged is not lost with its connection.
    private async Task RecoversAsync()
    {
        await _fleet.ReadyAsync();
        await _fleet.EverythingWorksAsync(User);
        await ComponentsAreBackAsync();
        var far = await _fleet.ConnectAsync(1, "alice");
        await Deadline.Until(async () =>
        {
            await far.SendAsync($"/topic/{User}", "from afar");
            return _topicReader.Messages.TryRead(out _);
        });
        await far.SendAsync($"/user/{User}/queue/q", "from afar");
        var message = await _user.NextAsync();
        Assert.Equal("from afar", message.Body);
        await _user.AckedAsync(message);
        _user.Abort();
        var next = await _fleet.SubscribeAsync(1, User, "/user/queue/q", "ack:client-individual");
        var again = await next.NextAsync();
        Assert.Equal(("to the user", "true"), (again.Body, again["redelivered"]));
        await next.AckedAsync(again);
        await _redis.NothingLeftAsync(User);
    }

    private async Task ComponentsAreBackAsync()
    {
        Assert.Equal(await _fleet.PublishAsync(0, s_refused), await _fleet.PublishAsync(1, s_refused));
        await _redis.OfflineAsync("dave", 1);
        var dave = await _fleet.SubscribeAsync(1, "dave", "/user/queue/q", "ack:client-individual");
        await dave.AckedAsync(await dave.NextAsync());
        for (var i = 0; i < _fleet.Gateways.Count; i++)
        {
            var (gateway, at) = (_fleet.Gateways[i], i);
            await Deadline.Until(async () => await _fleet.PresenceAsync(at, User) == (true, 1, false));
            Assert.Equal(1, await gateway.MetricAsync("push_redis_circuit_state{state=\"closed\"}"));
            Assert.NotEqual(0, await gateway.MetricAsync("push_redis_failures_total"));
        }
    }

    [Fact]
    public async Task Killed_and_restarted()
    {
        await _redis.KillAsync();
        await GoesOnAsync("Redis is not usable");
        await _redis.RestartAsync();
        await RecoversAsync();
    }

    [Fact]
    public async Task Killed_and_restarted_without_its_data()
    {
        await _redis.CommandAsync("FLUSHALL");
        await _redis.KillAsync();
        await GoesOnAsync("Redis is not usable");
        await _redis.RestartAsync();
        Assert.Equal("0", await _redis.CommandAsync("EVAL", "return tostring(#redis.call('KEYS', 'push:offline:*'))", "0"));
        await RecoversAsync();
    }

    [Fact]
    public async Task Paused()
    {
        _redis.Pause();
        await GoesOnAsync("Redis is not usable");
        _redis.Resume();
        await RecoversAsync();
    }

    [Fact]
    public async Task Behind_a_network_that_is_half_open()
    {
        _proxy.Stall();
        await GoesOnAsync("Redis is not usable");
        _proxy.Flow();
        await RecoversAsync();
    }

    [Fact]
    public async Task Behind_a_network_that_resets_and_refuses()
    {
        await _proxy.RefuseAsync();
        _proxy.Cut();
        await GoesOnAsync("Redis is not usable");
        _proxy.Accept();
        await RecoversAsync();
    }

    [Fact]
    public async Task Slower_than_a_call_may_take()
    {
        _proxy.ToClient.Delay = TimeSpan.FromSeconds(10);
        await GoesOnAsync("did not answer in time");
        _proxy.ToClient.Delay = TimeSpan.Zero;
        await RecoversAsync();
    }

    [Fact]
    public async Task Out_of_memory()
    {
        await _redis.CommandAsync("CONFIG", "SET", "maxmemory", "1");
        await GoesOnAsync("out of memory");
        await _redis.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        await RecoversAsync();
    }

    [Fact]
    public async Task Made_a_replica_by_a_failover()
    {
        await using var other = await RedisServer.StartAsync();
        await _redis.CommandAsync("CONFIG", "SET", "replica-serve-stale-data", "yes");
        await _redis.CommandAsync("CONFIG", "SET", "replica-read-only", "yes");
        var (host, port) = ("127.0.0.1", $"{other.Port}");
        await other.KillAsync(); // So that it syncs nothing, and keeps what it has.
        await _redis.CommandAsync("REPLICAOF", host, port);
        await GoesOnAsync("replica");
        await _redis.CommandAsync("REPLICAOF", "NO", "ONE");
        await RecoversAsync();
    }
}
