using System.Net;
using FastPush.EchoHost;

namespace FastPush.Protocol.Tests.Conformance;

/// <summary>One EchoHost on a free port of the loopback for all tests of a class.</summary>
public sealed class EchoFixture : IAsyncLifetime
{
    private EchoServer? _server;

    public async Task InitializeAsync() => _server = await EchoServer.StartAsync(IPAddress.Loopback, 0);

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    internal int Port => _server!.Port;

    internal Task<RawClient> OpenAsync() => RawClient.OpenAsync(Port);

    internal Task<RawClient> ConnectAsync() => RawClient.ConnectAsync(Port);
}
