namespace FastPush.Cluster.Tests.Testing;

/// <summary>Three gateways on one Redis, for tests that break nothing; each takes users and topics of its own.</summary>
public sealed class FleetFixture : IAsyncLifetime
{
    public RedisServer Redis { get; private set; } = null!;

    internal Fleet Fleet { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Redis = await RedisServer.StartAsync();
        Fleet = await Fleet.StartAsync(Redis.Configuration);
    }

    public async Task DisposeAsync()
    {
        await Fleet.DisposeAsync();
        await Redis.DisposeAsync();
    }
}

/// <summary>The tests that share it.</summary>
[CollectionDefinition(Name)]
public sealed class FleetTestGroup : ICollectionFixture<FleetFixture>
{
    public const string Name = "fleet";
}
