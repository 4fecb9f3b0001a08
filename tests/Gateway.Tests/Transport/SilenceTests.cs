using System.Diagnostics;
using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>Clients that stop in the middle: each stage has a deadline.</summary>
public sealed class SilenceTests(SilenceTests.Fixture fixture) : IClassFixture<SilenceTests.Fixture>, IDisposable
{
    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("GET /stomp HTTP/1.1\r\nHost: localhost\r\nUpgr")]
    public async Task Half_an_upgrade_is_cut_off(string begun)
    {
        var since = Stopwatch.GetTimestamp();
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(begun);
        await client.GoneAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(since).TotalMilliseconds, 5_000, 30_000);
    }

    [Theory]
    [InlineData("G")]
    [InlineData("GET /stomp HTTP/1.1\r\nHost: localhost\r\nUpgr")]
    public async Task Half_an_upgrade_behind_another_request_is_cut_off(string begun)
    {
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync("GET /stomp HTTP/1.1\r\nHost: localhost\r\n\r\n" + begun);
        Assert.StartsWith("HTTP/1.1 426", await client.HeadAsync(), StringComparison.Ordinal);
        await client.HeadAsync(); // The body is one chunk, and ends with an empty line.
        await client.GoneAsync();
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("CONNECT\naccept-ver", false)]
    [InlineData("CONNECT\naccept-ver", true)]
    public async Task An_upgrade_without_CONNECT_is_told_and_closed(string begun, bool isLater)
    {
        using var client = await RawClient.OpenAsync(_gateway);
        if (isLater)
        {
            await client.SendAsync("GET /stomp HTTP/1.1\r\nHost: localhost\r\n\r\n");
            await client.HeadAsync();
            await client.HeadAsync(); // The body, as below.
        }

        await client.SendAsync(RawClient.Upgrade());
        await client.HeadAsync();
        await client.SendAsync(ClientBytes.Frame(1, System.Text.Encoding.ASCII.GetBytes(begun), fin: false));
        Assert.Equal("connect timeout", (await client.NextAsync())["message"]);
        Assert.Equal(1002, (await client.NextAsync()).Code);
        await client.SendAsync(ClientBytes.Close(1002)); // A pipe cannot be closed half, so a later one's end waits for this.
        Assert.Empty(await client.ToEndAsync());
    }

    [Fact]
    public async Task Half_a_frame_and_then_silence_misses_the_heart_beat()
    {
        using var client = await RawClient.StompAsync(_gateway, "alice", heartBeat: "100,0");
        await client.SendAsync(ClientBytes.Stomp("SEND\ndestination:/topic/a\n\nhalf")[..^3]);
        Assert.Equal("heart-beat missed", (await client.ExpectRefusalAsync(1002))["message"]);
    }

    [Fact]
    public async Task A_client_that_does_not_answer_the_close_frame_is_cut_off()
    {
        using var client = await RawClient.StompAsync(_gateway, "alice");
        await client.StompAsync("HELLO\n\n");
        await client.ExpectRefusalAsync(1002);
        await Deadline.Until(async () => await _gateway.MetricAsync("push_connections_active{transport=\"stomp\"}") == 0);
    }

    [Fact]
    public async Task Beats_go_both_ways()
    {
        using var client = await RawClient.StompAsync(_gateway, "alice", heartBeat: "10000,1000");
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("BEAT", (await client.NextAsync()).Command);
            await client.SendAsync(ClientBytes.Frame(1, "\n"u8));
        }
    }

    public sealed class Fixture() : GatewayFixture(
        "--FastPush:Limits:ConnectTimeoutMs=6000", "--FastPush:HeartBeat:WantMs=1500", "--FastPush:HeartBeat:SendMs=1000");
}
