namespace FastPush.Gateway.Limits;

/// <summary>
/// A token bucket as the generic cell rate algorithm: one number, the time at which the bucket would be full again, so it is
/// refilled by nobody and taken from without a lock (ITU-T I.371, virtual scheduling).
/// </summary>
internal struct TokenBucket
{
    private long _fullAtUs;

    /// <summary>Takes one token; false when there is none. <paramref name="perSecond"/> 0 = no limit.</summary>
    public bool TryTake(long nowMs, int burst, double perSecond) => TryTake(nowMs, burst, perSecond, 1);

    /// <summary>Takes <paramref name="tokens"/> or none.</summary>
    public bool TryTake(long nowMs, int burst, double perSecond, int tokens)
    {
        if (perSecond <= 0)
        {
            return true;
        }

        var perTokenUs = (long)(1_000_000 / perSecond);
        var nowUs = nowMs * 1000;
        while (true)
        {
            var seen = Volatile.Read(ref _fullAtUs);
            var next = Math.Max(seen, nowUs) + perTokenUs * tokens;
            if (next - nowUs > perTokenUs * burst)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _fullAtUs, next, seen) == seen)
            {
                return true;
            }
        }
    }

    /// <summary>Milliseconds until so many tokens are there, of at most <paramref name="burst"/>.</summary>
    public readonly long WaitMs(long nowMs, int burst, double perSecond, int tokens = 1) =>
        perSecond <= 0 ? 0 : Math.Max(0, (_fullAtUs - nowMs * 1000 - (long)(1_000_000 / perSecond) * (burst - tokens)) / 1000 + 1);

    /// <summary>Tokens were taken elsewhere: it is not full before this time (µs of the clock of <c>nowMs</c>).</summary>
    public void Raise(long fullAtUs)
    {
        var seen = Volatile.Read(ref _fullAtUs);
        while (seen < fullAtUs)
        {
            var found = Interlocked.CompareExchange(ref _fullAtUs, fullAtUs, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    /// <summary>The bucket has refilled, so it need not be remembered.</summary>
    public readonly bool IsFull(long nowMs) => _fullAtUs <= nowMs * 1000;
}
