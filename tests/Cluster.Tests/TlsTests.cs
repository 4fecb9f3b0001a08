using FastPush.Cluster.Tests.Testing;

namespace FastPush.Cluster.Tests;

/// <summary>Redis behind TLS.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task A_fleet_works_over_TLS_with_a_password_when_it_trusts_the_authority()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Password = "secret", Tls = true });
        var trust = new Dictionary<string, string> { ["SSL_CERT_FILE"] = redis.Certificates!.AuthorityPath };
        await using var fleet = await Fleet.StartAsync(redis.Configuration, 2, GatewayState.Ready, trust);
        await fleet.EverythingWorksAsync("bob");
        Assert.DoesNotContain("secret", fleet.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_refused_and_named()
    {
        await using var redis = await RedisServer.StartAsync(new RedisSettings { Tls = true });
        await using var fleet = await Fleet.StartAsync(redis.Configuration, 1, GatewayState.Live);
        await fleet.UnreadyAsync();
        await fleet.Gateways[0].SaysOnceAsync("Redis is not usable");
    }
}
