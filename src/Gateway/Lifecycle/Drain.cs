using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;

namespace FastPush.Gateway.Lifecycle;

/// <summary>
/// Graceful shutdown (P14), in steps: readiness fails and upgrades are refused; after a moment for balancers, clients are told to come
/// back elsewhere, spread over time, each once nothing waits for it; what is left near the deadline goes at once.
/// Runs before the server stops listening, so that probes still get their answer.
/// </summary>
internal sealed class Drain(Node node, DrainHint hint) : IHostedLifecycleService
{
    // Between two looks at what is left.
    private const int StepMs = 50;

    // Kept from the whole time for the closing handshakes and the server's own stop.
    private const int ReserveMs = 5_000;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        var options = node.Options.Drain;
        node.IsDraining = true;
        GatewayLog.Draining(node.Log, node.Sessions.Count, options.TimeoutMs);
        var began = node.Clock.NowMs;
        var end = began + options.TimeoutMs;
        var patient = Math.Max(began, end - ReserveMs);
        await DelayAsync(node.Sessions.Count == 0 ? 0 : options.ReadinessMs, cancellationToken);

        var spreadFrom = node.Clock.NowMs;
        var told = 0;
        while (node.Sessions.Count > 0 && node.Clock.NowMs < end && !cancellationToken.IsCancellationRequested)
        {
            var now = node.Clock.NowMs;
            var share = options.SpreadMs == 0 ? 1.0 : Math.Min(1.0, (now - spreadFrom + StepMs) / (double)options.SpreadMs);
            told += Tell(share, force: now >= patient);
            await DelayAsync(StepMs, cancellationToken);
        }

        var aborted = 0;
        foreach (var session in node.Sessions.Slots)
        {
            if (session is not null)
            {
                session.Abort();
                aborted++;
            }
        }

        GatewayLog.Drained(node.Log, told, aborted, node.Offline.Count);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Tells that share of all sessions, by their slots; one with a backlog waits for its turn until it is forced.
    private int Tell(double share, bool force)
    {
        var slots = node.Sessions.Slots;
        var told = 0;
        for (var i = 0; i < slots.Length * share; i++)
        {
            if (slots[i] is not { State: < SessionState.Closing } session || (!force && session.HasBacklog))
            {
                continue;
            }

            SessionCloser.Close(
                session,
                CloseReason.Drain,
                new CloseNotice { Code = 1012, Message = "", Reason = $"{{\"retryAfterMs\":{hint.NextRetryAfterMs()}}}" });
            told++;
        }

        return told;
    }

    private async Task DelayAsync(int milliseconds, CancellationToken cancellationToken)
    {
        if (milliseconds > 0 && !cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), node.Clock.Provider, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }
    }
}
