using System.Net;
using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>Limits of a user that count over all nodes.</summary>
public sealed class LimitTests
{
    private const string Fleetwide = "--FastPush:Limits:RateScope=fleet";

    // So slow that no token comes back while the test runs.
    private const double Rate = 0.001;
    private const int Burst = 30;

    [Fact]
    public async Task A_user_has_so_many_connections_over_all_nodes()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = await Fleet.StartAsync(
            redis.Configuration, 2, GatewayState.Ready, null, "--FastPush:Limits:ConnectionsPerUser=2");
        var one = await fleet.ConnectAsync(0, "bob");
        await fleet.ConnectAsync(1, "bob");
        await Deadline.Until(async () => (await fleet.PresenceAsync(0, "bob")).Sessions == 2);
        await Deadline.Until(async () => (await fleet.PresenceAsync(1, "bob")).Sessions == 2);
        foreach (var gateway in new[] { 0, 1 })
        {
            var third = await fleet.ConnectAsync(gateway, "bob");
            var end = await third.Ended.WaitAsync(Deadline.Default);
            Assert.Equal((1008, "too many connections"), (end.Code, end.Error!["message"]));
            await fleet.ConnectAsync(gateway, $"carol.{gateway}");
        }

        await one.DisconnectAsync();
        await Deadline.Until(async () => (await fleet.PresenceAsync(1, "bob")).Sessions == 1);
        var next = await fleet.SubscribeAsync(1, "bob", "/user/queue/q");
        await next.SendAsync("/user/bob/queue/q", "still here");
        Assert.Equal("still here", (await next.NextAsync()).Body);
        Assert.False(next.Ended.IsCompleted);
    }

    [Fact]
    public async Task What_a_user_sent_on_one_node_counts_on_the_other()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = await Fleet.StartAsync(redis.Configuration, 2, GatewayState.Ready, null, Fleetwide);
        var token = fleet.Signer.Sign("bob", Rate, Burst);
        await using var one = await StompClient.ConnectAsync(fleet.Gateways[0].Address, token);
        for (var i = 0; i < Burst; i++)
        {
            await one.SendAsync("/topic/t", $"{i}"); // The whole bucketful at once: nobody waits for Redis.
        }

        await ChargedAsync(redis, Burst);
        Assert.InRange((long)(await redis.CommandAsync("PTTL", "push:ratelimit:{bob}"))!, 29_000_000, 30_000_000);

        // The other node learns of it when the user connects, or with the first request.
        await using var two = await StompClient.ConnectAsync(fleet.Gateways[1].Address, token);
        var passed = 0;
        await Deadline.Until(async () =>
        {
            using var answer = await fleet.PostAsync(1, new { to = new { topic = "t" }, payload = 1 }, token: token);
            if (answer.StatusCode == HttpStatusCode.Accepted)
            {
                passed++;
                await ChargedAsync(redis, Burst + passed); // So what Redis says of it is on its way.
            }

            return answer.StatusCode == HttpStatusCode.TooManyRequests;
        });
        Assert.InRange(passed, 0, Burst - 1);
        await ChargedAsync(redis, Burst + passed);
        await Assert.ThrowsAsync<ConnectionEndedException>(() => two.SendAsync("/topic/t", "one too many"));
        var end = await two.Ended.WaitAsync(Deadline.Default);
        Assert.Equal((1008, "rate limit"), (end.Code, end.Error!["message"]));
    }

    [Fact]
    public async Task Without_Redis_each_node_has_a_bucket_of_its_own()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var fleet = await Fleet.StartAsync(
            redis.Configuration, 2, GatewayState.Ready, null, Fleetwide, "--FastPush:Cluster:CallTimeoutMs=1000");
        redis.Pause();
        await fleet.UnreadyAsync();
        var token = fleet.Signer.Sign("bob", Rate, Burst);
        foreach (var gateway in fleet.Gateways)
        {
            await using var bob = await StompClient.ConnectAsync(gateway.Address, token);
            for (var i = 0; i < Burst; i++)
            {
                await bob.SendAsync("/topic/t", $"{i}");
            }

            await Assert.ThrowsAsync<ConnectionEndedException>(() => bob.SendAsync("/topic/t", "one too many"));
            Assert.Equal("rate limit", (await bob.Ended).Error!["message"]);
        }

        redis.Resume();
        await fleet.ReadyAsync();
        await using var alice = await StompClient.ConnectAsync(fleet.Gateways[0].Address, fleet.Signer.Sign("alice", Rate, Burst));
        await alice.SendAsync("/topic/t", "counted again");
        await Deadline.Until(async () => (long)(await redis.CommandAsync("EXISTS", "push:ratelimit:{alice}"))! == 1);
    }

    // Each token is a thousand seconds; the bucket is full after those that were taken.
    private static Task ChargedAsync(RedisServer redis, int tokens) => Deadline.Until(
        async () => ((long)(await redis.CommandAsync("PTTL", "push:ratelimit:{bob}"))! + 999_999) / 1_000_000 == tokens,
        what: $"{tokens} tokens are charged");
}
