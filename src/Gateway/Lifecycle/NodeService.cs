using FastPush.Gateway.Auth;
using FastPush.Gateway.Http;
using FastPush.Gateway.Limits;
using FastPush.Gateway.Telemetry;
using FastPush.Gateway.Transport;
using FastPush.Notifications.Publishing;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace FastPush.Gateway.Lifecycle;

/// <summary>Starts the ticker with the host and says what runs, and what it does not keep.</summary>
internal sealed class NodeService(
    Node node,
    RunMode mode,
    IServer server,
    HandshakeWatch watch,
    KeySource keys,
    IdempotencyKeys published,
    IHostApplicationLifetime lifetime,
    IServiceProvider services)
    : IHostedService, IDisposable
{
    private readonly NativeTrim _trim = new();
    private Ticker? _ticker;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        ReloadKeys(); // Begins to fetch them.
        _ticker = new Ticker(node, watch, Sweep);
        lifetime.ApplicationStarted.Register(SayHello);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose() => _ticker?.Dispose();

    private void SayHello()
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        GatewayLog.Listening(node.Log, mode.Version, string.Join(", ", addresses), mode.Mode);
        GatewayLog.NotDurable(node.Log, string.Join(", ", mode.NotDurable));
        var (limits, connections) = (node.Options.Limits, node.Connections.Bounds.Proven);
        if (connections < limits.Connections)
        {
            GatewayLog.ConnectionsBounded(
                node.Log, connections, limits.Connections, ConnectionBounds.Descriptors, limits.ReservedDescriptors);
        }

        if (services.GetService<DevIssuer>() is not null)
        {
            GatewayLog.DevelopmentKey(node.Log);
        }

        SayIgnoredKeys();
    }

    private void Sweep()
    {
        ReloadKeys();
        published.Sweep(node.Clock.NowMs);
        if (_trim.IsDue(node.Clock.NowMs, GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime))
        {
            NativeTrim.TryRun();
        }
    }

    private void ReloadKeys()
    {
        switch (keys.Reload(out var fault))
        {
            case KeyReload.Reloaded:
                GatewayLog.KeysReloaded(node.Log);
                SayIgnoredKeys();
                break;
            case KeyReload.Kept:
                GatewayLog.KeyReloadFailed(node.Log, fault);
                break;
            default:
                break;
        }
    }

    private void SayIgnoredKeys()
    {
        if (keys.Current.Keys.Ignored is { Count: > 0 } ignored)
        {
            GatewayLog.KeysIgnored(node.Log, string.Join("; ", ignored));
        }
    }
}
