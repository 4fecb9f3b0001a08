using System.Net;
using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>
/// A Redis that answers but cannot keep messages: it may evict them, or its user lacks a right. Nothing is accepted that it would lose.
/// </summary>
public sealed class UnfitRedisTests : IAsyncLifetime
{
    private RedisServer _redis = null!;

    public async Task InitializeAsync() => _redis = await RedisServer.StartAsync(new RedisSettings { MaxMemory = "200mb" });

    public async Task DisposeAsync() => await _redis.DisposeAsync();

    private static async Task AssertReasonAsync(Fleet fleet, string word)
    {
        await fleet.UnreadyAsync();
        foreach (var gateway in fleet.Gateways)
        {
            await Deadline.Until(async () => (await gateway.ReasonAsync()).Contains(word, StringComparison.Ordinal));
            await gateway.SaysOnceAsync(word);
        }
    }

    [Fact]
    public async Task One_that_may_evict_is_refused_at_start_and_accepted_when_it_no_longer_may()
    {
        await _redis.CommandAsync("CONFIG", "SET", "maxmemory-policy", "volatile-lru");
        await using var fleet = await Fleet.StartAsync(_redis.Configuration, 1, GatewayState.Live);
        await AssertReasonAsync(fleet, "volatile-lru");
        await _redis.CommandAsync("CONFIG", "SET", "maxmemory-policy", "noeviction");
        await fleet.ReadyAsync();
        await fleet.EverythingWorksAsync("bob");
    }

    [Fact]
    public async Task One_that_begins_to_evict_gets_no_more_messages_to_keep()
    {
        await using var fleet = await Fleet.StartAsync(_redis.Configuration, 2);
        var kept = await fleet.PublishAsync(0, new { to = new { user = "dave", queue = "q" }, payload = 1 });
        await _redis.CommandAsync("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
        await AssertReasonAsync(fleet, "allkeys-lru");
        using var answer = await fleet.PostAsync(0, new { to = new { user = "dave", queue = "q" }, payload = 2 });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("allkeys-lru", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        await _redis.CommandAsync("CONFIG", "SET", "maxmemory-policy", "noeviction");
        await fleet.ReadyAsync();
        var dave = await fleet.SubscribeAsync(1, "dave", "/user/queue/q");
        Assert.Equal(kept, (await dave.NextAsync())["message-id"]);
        await fleet.EverythingWorksAsync("bob");
    }

    [Theory]
    [InlineData("-rpush")]
    [InlineData("-hdel")]
    [InlineData("-xadd")]
    [InlineData("-publish")]
    public async Task Without_a_right_nothing_that_was_accepted_is_lost(string right)
    {
        await using var fleet = await Fleet.StartAsync(
            _redis.Configuration, 2, GatewayState.Ready, null, "--FastPush:Ack:TimeoutMs=600000");
        var bob = await fleet.SubscribeAsync(0, "bob", "/user/queue/q", "ack:client-individual", "prefetch-count:1000");
        var accepted = new List<string>();
        var isOver = false;
        var publishing = PublishAsync();
        await Deadline.Until(() => Task.FromResult(accepted.Count > 50));
        await _redis.CommandAsync("ACL", "SETUSER", "default", right);
        bob.Abort(); // What it has not acknowledged goes back into the queue.
        await AssertReasonAsync(fleet, right[1..].ToUpperInvariant());
        await _redis.CommandAsync("ACL", "SETUSER", "default", "+@all");
        await fleet.ReadyAsync();
        isOver = true;
        await publishing;

        var came = new HashSet<string>();
        var again = await fleet.SubscribeAsync(1, "bob", "/user/queue/q", "ack:client-individual", "prefetch-count:1000");
        while (!accepted.TrueForAll(came.Contains))
        {
            var message = await again.NextAsync();
            came.Add(message["message-id"]);
            await again.AckAsync(message);
        }

        async Task PublishAsync()
        {
            for (var i = 0; !isOver && i < 900; i++)
            {
                using var answer = await fleet.PostAsync(1, new { to = new { user = "bob", queue = "q" }, payload = i });
                if (answer.StatusCode == HttpStatusCode.Accepted)
                {
                    var body = await answer.Content.ReadAsStringAsync();
                    accepted.Add(body.Split('"')[3]);
                }
                else
                {
                    Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                    await Task.Yield();
                }
            }
        }
    }

    [Fact]
    public async Task The_rights_that_the_documents_name_are_enough()
    {
        string[] rules = ["resetkeys", "~push:*", "resetchannels", "&push:relay:*", "+@all", "-@admin", "-@dangerous", "+info"];
        await _redis.CommandAsync(["ACL", "SETUSER", "default", .. rules]);
        await using var fleet = await Fleet.StartAsync(_redis.Configuration, 2);
        await fleet.EverythingWorksAsync("bob");
    }

    [Fact]
    public async Task Every_primary_of_a_Redis_Cluster_is_asked()
    {
        await using var cluster = await RedisCluster.StartAsync(new RedisSettings { MaxMemory = "200mb" });
        await using var fleet = await Fleet.StartAsync(cluster.Configuration, 1);
        foreach (var (i, server) in cluster.Servers.Index())
        {
            var policy = i % 2 == 0 ? "allkeys-random" : "volatile-ttl";
            await server.CommandAsync("CONFIG", "SET", "maxmemory-policy", policy);
            await fleet.UnreadyAsync();
            await Deadline.Until(async () => (await fleet.Gateways[0].ReasonAsync()).Contains(policy, StringComparison.Ordinal));
            await server.CommandAsync("CONFIG", "SET", "maxmemory-policy", "noeviction");
            await fleet.ReadyAsync();
        }

        foreach (var (i, server) in cluster.Servers.Index())
        {
            var right = i % 2 == 0 ? "lrem" : "spublish";
            await server.CommandAsync("ACL", "SETUSER", "default", $"-{right}");
            await Deadline.Until(async () => (await fleet.Gateways[0].ReasonAsync()).Contains(right, StringComparison.OrdinalIgnoreCase));
            await server.CommandAsync("ACL", "SETUSER", "default", "+@all");
            await fleet.ReadyAsync();
        }
    }
}
