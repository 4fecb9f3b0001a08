using FastPush.Gateway.Tests.Testing;

namespace FastPush.Gateway.Tests.Transport;

/// <summary>One gateway process for the tests of a class.</summary>
public abstract class GatewayFixture(params string[] arguments) : IAsyncLifetime
{
    internal GatewayProcess Gateway { get; private set; } = null!;

    public async Task InitializeAsync() => Gateway = await GatewayProcess.StartAsync(arguments);

    public async Task DisposeAsync() => await Gateway.DisposeAsync();
}
