using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>A gateway that starts with a Redis it cannot use: it says why, lives, and joins the fleet when it can.</summary>
public sealed class MisconfigurationTests
{
    private static async Task AssertWaitsAsync(Fleet fleet, string words)
    {
        await fleet.UnreadyAsync();
        var gateway = fleet.Gateways[0];
        await gateway.SaysOnceAsync("Redis is not usable");
        await Deadline.Until(async () => (await gateway.ReasonAsync()).Contains(words, StringComparison.OrdinalIgnoreCase));

        // Without a server id there are no message ids, so clients are sent elsewhere, by HTTP's own words.
        var fault = await Assert.ThrowsAsync<System.Net.WebSockets.WebSocketException>(() => fleet.ConnectAsync(0, "bob"));
        Assert.Contains("503", fault.Message, StringComparison.Ordinal);
        using var answer = await fleet.PostAsync(0, new { to = new { topic = "t" }, payload = 1 });
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(0, await gateway.TerminateAsync());
    }

    [Fact]
    public async Task Nobody_listens()
    {
        await using var fleet = await Fleet.StartAsync($"127.0.0.1:{Ports.Free()}", 1, GatewayState.Live);
        await AssertWaitsAsync(fleet, "Redis cannot be reached");
    }

    [Fact]
    public async Task A_plain_HTTP_server_listens()
    {
        await using var http = HttpPort.Start();
        await using var fleet = await Fleet.StartAsync($"127.0.0.1:{http.Port}", 1, GatewayState.Live);
        await AssertWaitsAsync(fleet, "Redis");
        Assert.NotEqual(0, http.Answered + http.Failed);
    }

    [Fact]
    public async Task The_other_end_accepts_and_says_nothing()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        proxy.Stall();
        await using var fleet = await Fleet.StartAsync($"127.0.0.1:{proxy.Port}", 1, GatewayState.Live);
        await AssertWaitsAsync(fleet, "Redis");
    }

    [Theory]
    [InlineData(",password=wrong")]
    [InlineData("")]
    public async Task The_password_is_wrong_or_missing(string password)
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Password = "right" });
        await using var fleet = await Fleet.StartAsync($"127.0.0.1:{redis.Port}{password}", 1, GatewayState.Live);
        await AssertWaitsAsync(fleet, "refuses the password");
    }

    [Fact]
    public async Task It_is_a_replica_until_it_is_made_the_primary()
    {
        await using var primary = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync(new RedisSettings { ReplicaOf = primary });
        await using var fleet = await Fleet.StartAsync(replica.Configuration, 1, GatewayState.Live);
        await fleet.UnreadyAsync();
        await fleet.Gateways[0].SaysOnceAsync("replica");
        await replica.CommandAsync("REPLICAOF", "NO", "ONE");
        await fleet.ReadyAsync();
        await fleet.EverythingWorksAsync("bob");
    }

    [Fact]
    public async Task It_comes_later_than_the_gateways_do()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.StopAsync();
        await using var fleet = await Fleet.StartAsync(redis.Configuration, 2, GatewayState.Live);
        await fleet.UnreadyAsync();
        await redis.RestartAsync();
        await fleet.ReadyAsync();
        await fleet.EverythingWorksAsync("bob");
    }
}
