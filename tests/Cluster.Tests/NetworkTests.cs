using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>A network to Redis that is slow or breaks again and again, while all goes on.</summary>
public sealed class NetworkTests
{
    [Fact]
    public async Task Slow_but_in_time_is_no_outage()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var fleet = await Fleet.StartAsync(
            redis.ConfigurationAt(proxy.Port), 2, GatewayState.Ready, null, "--FastPush:Cluster:CallTimeoutMs=20000");
        var bob = await fleet.SubscribeAsync(0, "bob", "/user/queue/q", "ack:client-individual");
        proxy.ToClient.Delay = TimeSpan.FromMilliseconds(200);
        await fleet.EverythingWorksAsync("bob");
        var alice = await fleet.ConnectAsync(1, "alice");
        foreach (var body in Reading.Numbers(1, 20))
        {
            await alice.SendFrameAsync($"SEND\ndestination:/user/bob/queue/q\n\n{body}");
        }

        Assert.Equal(Reading.Numbers(1, 20), await bob.BodiesAsync(20));
        Assert.All(fleet.Gateways, gateway => gateway.AssertNoFaults());
        await fleet.ReadyAsync();
    }

    [Fact]
    public async Task A_second_ACK_has_its_RECEIPT_no_sooner_than_the_first()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var fleet = await Fleet.StartAsync(redis.ConfigurationAt(proxy.Port), gateways: 1);
        var bob = await fleet.SubscribeAsync(0, "bob", "/user/queue/q", "ack:client-individual");
        await bob.SubscribeAsync("/topic/behind", "1");
        await bob.SendAsync("/user/bob/queue/q", "once");
        var message = await bob.NextAsync();
        proxy.Stall();
        var first = bob.AckedAsync(message);
        var second = bob.AckedAsync(message);
        await bob.SendFrameAsync("SEND\ndestination:/topic/behind\n\nboth were read");
        Assert.Equal("both were read", (await bob.NextAsync()).Body);
        Assert.False(first.IsCompleted);
        Assert.False(second.IsCompleted);
        proxy.Flow();
        await Task.WhenAll(first, second);
        await redis.NothingLeftAsync("bob");
    }

    [Fact]
    public async Task A_client_that_resumes_without_the_store_gets_what_is_settled_and_later_the_rest_marked()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var fleet = await Fleet.StartAsync(
            redis.ConfigurationAt(proxy.Port), 1, GatewayState.Ready, null, "--FastPush:Cluster:CallTimeoutMs=2000");
        var bob = await fleet.SubscribeAsync(0, "bob", "/user/queue/q", "ack:client-individual");
        await bob.SendAsync("/user/bob/queue/q", "acknowledged");
        await bob.AckedAsync(await bob.NextAsync());
        await bob.SendAsync("/user/bob/queue/q", "not acknowledged");
        Assert.Equal("not acknowledged", (await bob.NextAsync()).Body);
        proxy.Stall();
        await fleet.UnreadyAsync();
        bob.Abort();
        var next = await fleet.ConnectAsync(0, "bob");
        var resumed = next.SubscribeAsync("/user/queue/q", "0", "ack:client-individual", "last-event-id:0");
        Assert.Equal("acknowledged", (await next.NextAsync()).Body);
        Assert.False(resumed.IsCompleted);
        proxy.Flow();
        var rest = await next.NextAsync();
        Assert.Equal(("not acknowledged", "true"), (rest.Body, rest["redelivered"]));
        await next.AckedAsync(rest);
        await resumed;
        await redis.NothingLeftAsync("bob");
    }

    [Fact]
    public async Task What_was_delivered_elsewhere_comes_late_to_who_resumed_without_the_store_and_then_the_RECEIPT()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var near = await Fleet.StartAsync(
            redis.ConfigurationAt(proxy.Port), 1, GatewayState.Ready, null, "--FastPush:Cluster:CallTimeoutMs=2000");
        await using var far = await Fleet.StartAsync(redis.Configuration, 1);
        var bob = await near.SubscribeAsync(0, "bob", "/user/queue/q", "ack:client-individual");
        await bob.SendAsync("/user/bob/queue/q", "here");
        await bob.AckedAsync(await bob.NextAsync());
        await bob.DisconnectAsync();
        bob = await far.SubscribeAsync(0, "bob", "/user/queue/q");
        var alice = await far.ConnectAsync(0, "alice");
        proxy.Stall();
        await near.UnreadyAsync();
        await alice.SendAsync("/user/bob/queue/q", "elsewhere");
        Assert.Equal("elsewhere", (await bob.NextAsync()).Body);
        await redis.NothingLeftAsync("bob");
        bob.Abort();
        var next = await near.ConnectAsync(0, "bob");
        var resumed = next.SubscribeAsync("/user/queue/q", "0", "ack:client-individual", "last-event-id:0");
        Assert.Equal("here", (await next.NextAsync()).Body); // By this server's own history, since there is no other.
        Assert.False(resumed.IsCompleted);
        proxy.Flow();
        var late = await next.NextAsync();
        Assert.Equal(("elsewhere", "true"), (late.Body, late["redelivered"]));
        await resumed;
    }

    [Fact]
    public async Task Cut_again_and_again_while_messages_flow()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        await using var fleet = await Fleet.StartAsync(redis.ConfigurationAt(proxy.Port), gateways: 2);
        var bob = await fleet.SubscribeAsync(0, "bob", "/user/queue/q", "ack:client-individual");
        var alice = await fleet.ConnectAsync(1, "alice");
        for (var round = 1; round <= 10; round++)
        {
            proxy.Cut();
            await fleet.ReadyAsync();
            await SendUntilAcceptedAsync(round);
        }

        // By id: a try that was refused may be stored all the same, as a message of its own with the same body.
        var (seen, bodies) = (new HashSet<string>(), new HashSet<string>());
        while (bodies.Count < 10)
        {
            var message = await bob.NextAsync();
            Assert.True(
                seen.Add(message["message-id"]!) || message["redelivered"] == "true", $"{message.Body} came twice without a mark");
            bodies.Add(message.Body);
            await bob.AckAsync(message);
        }

        await redis.NothingLeftAsync("bob");

        async Task SendUntilAcceptedAsync(int round)
        {
            try
            {
                await alice.SendAsync("/user/bob/queue/q", $"{round}");
            }
            catch (ConnectionEndedException)
            {
                // Refused in the moment of the cut: the next try is a message of its own.
                alice = await fleet.ConnectAsync(1, "alice");
                await Deadline.Until(async () =>
                {
                    using var answer = await fleet.PostAsync(
                        1,
                        new
                        {
                            to = new { user = "bob", queue = "q" },
                            body = Convert.ToBase64String([(byte)('0' + round % 10)]),
                            contentType = "text/plain",
                        });
                    return answer.IsSuccessStatusCode;
                });
            }
        }
    }
}
