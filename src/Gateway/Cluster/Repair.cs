using System.Threading.Channels;
using FastPush.Gateway.Sessions;
using FastPush.Gateway.Telemetry;

namespace FastPush.Gateway.Cluster;

/// <summary>
/// After anything that may have lost relay messages (the relay or the store was away, a server died): asks anew who listens to which
/// topic, stores what was accepted without the store, and takes again for every queue that has a subscription here.
/// </summary>
internal sealed class Repair(Node node, ClusterNode cluster) : IDisposable
{
    // What is younger than two seconds may still be on its way, and is not taken; so a second look comes behind it.
    private const int SecondLookMs = 3_000;

    // A round costs a look-up for each queue, so rounds have a pause between them even if much fails.
    private const int LeastPauseMs = 500;

    // Between groups of so many look-ups, so that live traffic goes on.
    private const int Group = 256;
    private const int PauseMs = 20;

    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(1);
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Rounds done since the start.</summary>
    public long Rounds { get; private set; }

    public void Start() => _running = RunAsync();

    /// <summary>A round begins soon. Any number of requests before that make one.</summary>
    public void Request() => _asked.Writer.TryWrite(true);

    public Task StopAsync()
    {
        _asked.Writer.TryComplete();
        _stopping.Cancel();
        return _running;
    }

    /// <summary>A call failed though the store answers others. While it does not, the round comes when it is up again.</summary>
    public void RequestIfUp()
    {
        if (cluster.Queues.IsUp)
        {
            Request();
        }
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        try
        {
            var asked = AskedAsync();
            while (!_stopping.IsCancellationRequested && await asked)
            {
                _asked.Reader.TryRead(out _);
                asked = AskedAsync();
                await TryAsync(cluster.Users.StoreLateAsync);
                await TryAsync(cluster.Topics.RenewAsync);
                await TryAsync(TakeAgainAsync);
                await PauseAsync(LeastPauseMs);
                await Task.WhenAny(asked, PauseAsync(SecondLookMs - LeastPauseMs));
                if (!asked.IsCompleted)
                {
                    await TryAsync(cluster.Users.StoreLateAsync);
                    await TryAsync(TakeAgainAsync);
                }

                Rounds++;
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return; // The node stops.
        }
    }

    private async Task<bool> AskedAsync() => await _asked.Reader.WaitToReadAsync();

    private Task PauseAsync(int ms) => Task.Delay(TimeSpan.FromMilliseconds(ms), node.Clock.Provider, _stopping.Token);

    private async Task TryAsync(Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            ClusterLog.StoreFailed(node.Log, "repairing", e);
        }
    }

    private async Task TakeAgainAsync()
    {
        var looked = 0;
        foreach (var topic in node.Topics.All)
        {
            if (topic.User is { } user && topic.Subscribers.Count > 0)
            {
                node.Redelivery.Offer(user, topic.Queue!);
                if (++looked % Group == 0)
                {
                    await PauseAsync(PauseMs);
                }
            }
        }
    }
}
