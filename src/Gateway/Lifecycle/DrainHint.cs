using FastPush.Gateway.Options;

namespace FastPush.Gateway.Lifecycle;

/// <summary>When clients of a draining node are asked to come back: drawn, so that they do not all come at once.</summary>
internal sealed class DrainHint(DrainOptions options, Random random)
{
    /// <summary>Between the configured time and twice that, in ms.</summary>
    public int NextRetryAfterMs()
    {
        lock (random)
        {
            return options.RetryAfterMs + random.Next(options.RetryAfterMs + 1);
        }
    }
}
