using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>A configuration that cannot be used is refused whole.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task All_faults_are_printed_at_once_each_with_its_key()
    {
        var (exitCode, log) = await GatewayProcess.RunAsync(
            "Production",
            "--FastPush:ServerId=5000",
            "--FastPush:Limits:FrameBytes=1",
            "--FastPush:Roles=gateway,cook",
            "--FastPush:Ack:Retries=-1",
            "--FastPush:Origins:0=not an origin");
        Assert.Equal(2, exitCode);
        foreach (var key in new[] { "ServerId", "Limits:FrameBytes", "Roles", "Ack:Retries", "Origins", "Jwt" })
        {
            Assert.Contains($"FastPush:{key}", log, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("   at ", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_is_no_number_is_named()
    {
        var (exitCode, log) = await GatewayProcess.RunAsync("Development", "--FastPush:Limits:FrameBytes=many");
        Assert.Equal(2, exitCode);
        Assert.Contains("FastPush:Limits:FrameBytes", log, StringComparison.Ordinal);
        Assert.Contains("many", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Production_does_not_start_without_a_key()
    {
        var (exitCode, log) = await GatewayProcess.RunAsync("Production");
        Assert.Equal(2, exitCode);
        Assert.Contains("FastPush:Jwt", log, StringComparison.Ordinal);
    }
}
