using System.Threading.Channels;
using FastPush.Gateway.Telemetry;
using FastPush.Relay.Limits;
using FastPush.Relay.Users;

namespace FastPush.Gateway.Limits;

/// <summary>
/// The token buckets of users over all servers (<c>FastPush:Limits:RateScope</c> = fleet). A user's bucket here is a copy that decides at
/// once, so nobody waits for Redis: what it gave is charged to the user's bucket in Redis behind, and the answer brings the copy up to
/// what other servers gave. So all servers together give no more than one bucket in the long run, and at most a bucketful each more
/// within the time of one call; that is owed, and made up for by a pause. Without Redis each copy goes on as a bucket of its own.
/// </summary>
internal sealed class FleetRates(Node node, RateLimitStore store)
{
    private const int BatchMax = 256;

    // Each user stands in it once at most, so the users bound it.
    private readonly Channel<User> _asked = Channel.CreateUnbounded<User>(new UnboundedChannelOptions { SingleReader = true });
    private Task _running = Task.CompletedTask;

    public void Start() => _running = RunAsync();

    /// <summary>Charges what was asked for, and ends.</summary>
    public async Task StopAsync()
    {
        _asked.Writer.TryComplete();
        await _running;
    }

    /// <summary>A user's bucket here gave tokens; 0 = only learn what others gave. Never waits.</summary>
    public void Took(User user, int tokens, int burst, double perSecond)
    {
        if (perSecond > 0 && user.Charge.Add(tokens, burst, perSecond))
        {
            _asked.Writer.TryWrite(user); // Only a node that stops takes no more.
        }
    }

    private async Task RunAsync()
    {
        var reader = _asked.Reader;
        var running = new List<Task>(BatchMax);
        while (await reader.WaitToReadAsync())
        {
            while (running.Count < BatchMax && reader.TryRead(out var user))
            {
                running.Add(ChargeAsync(user));
            }

            await Task.WhenAll(running);
            running.Clear();
        }
    }

    private async Task ChargeAsync(User user)
    {
        var (tokens, burst, perSecond) = user.Charge.Take();
        if (node.Store is { IsUp: false })
        {
            node.Metrics.Relay.StepPostponed(); // These tokens count on this server alone.
            return;
        }

        try
        {
            var fullInUs = await store.ChargeAsync(user.Id, tokens, burst, perSecond);
            user.Bucket.Raise((node.Clock.NowMs * 1000) + fullInUs);
        }
        catch (StoreUnavailableException)
        {
            node.Metrics.Relay.StepPostponed(); // Said by the store.
        }
        catch (Exception e)
        {
            ClusterLog.StoreFailed(node.Log, "counting a user's rate", e);
        }
    }
}
