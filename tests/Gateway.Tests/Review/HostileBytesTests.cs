using FastPush.Gateway.Tests.Testing;
using FastPush.Gateway.Tests.Transport;

namespace FastPush.Gateway.Tests.Review;

/// <summary>Connections that end where they should not.</summary>
public sealed class HostileBytesTests(HostileBytesTests.Fixture fixture) : IClassFixture<HostileBytesTests.Fixture>, IDisposable
{
    private readonly GatewayProcess _gateway = fixture.Gateway;

    public void Dispose() => _gateway.AssertNoFaults();

    [Theory]
    [InlineData("GET /sto")]
    [InlineData("GET /stomp HTTP/1.1\r\nHost: x\r\nUpgr")]
    public async Task A_head_that_is_cut_off_and_ended_is_not_looked_at_until_its_time_is_over(string head)
    {
        using var client = await RawClient.OpenAsync(_gateway);
        await client.SendAsync(head);
        client.EndSend();
        Assert.DoesNotContain("101", await client.TextToEndAsync(), StringComparison.Ordinal);
    }

    // So long that waiting for it is the test's failure.
    public sealed class Fixture() : GatewayFixture("--FastPush:Limits:ConnectTimeoutMs=600000");
}
