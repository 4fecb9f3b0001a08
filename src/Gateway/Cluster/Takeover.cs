using System.Threading.Channels;
using FastPush.Gateway.Telemetry;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// After a server is gone: puts what only it owned back into the users' queues. Tries until it is done, and looks a second time for what
/// other servers accepted for it before they knew. All servers do it; each step is atomic, so it does not matter who comes first.
/// </summary>
internal sealed class Takeover(Node node, RedisUserQueues queues) : IDisposable
{
    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(1);
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    public void Start() => _running = RunAsync();

    /// <summary>A server is gone. Any number of them before the next round make one.</summary>
    public void Request() => _asked.Writer.TryWrite(true);

    public Task StopAsync()
    {
        _asked.Writer.TryComplete();
        _stopping.Cancel();
        return _running;
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        try
        {
            while (await _asked.Reader.WaitToReadAsync())
            {
                _asked.Reader.TryRead(out _);
                await SweepAsync();
                await PauseAsync(node.Options.Cluster.DeadAfterMs);
                await SweepAsync();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return; // The node stops.
        }
    }

    private async Task SweepAsync()
    {
        while (true)
        {
            try
            {
                await queues.SweepOrphansAsync();
                return;
            }
            catch (StoreUnavailableException)
            {
                node.Metrics.Relay.StepPostponed(); // Said by the store.
            }
            catch (Exception e)
            {
                ClusterLog.StoreFailed(node.Log, "taking over from a dead server", e);
            }

            await PauseAsync(node.Options.Cluster.HeartBeatMs);
        }
    }

    private Task PauseAsync(int ms) => Task.Delay(TimeSpan.FromMilliseconds(ms), node.Clock.Provider, _stopping.Token);
}
