namespace FastPush.Gateway.Lifecycle;

/// <summary>Both kinds of time that the gateway needs, from one provider.</summary>
internal sealed class Clock(TimeProvider provider)
{
    private readonly long _start = provider.GetTimestamp();

    public TimeProvider Provider { get; } = provider;

    /// <summary>Monotonic milliseconds since the process began, plus one: 0 never occurs and can mean "not set".</summary>
    public long NowMs => 1 + (long)Provider.GetElapsedTime(_start).TotalMilliseconds;

    /// <summary>Unix milliseconds.</summary>
    public long UnixMs => Provider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Ticks of the monotonic clock, for latencies.</summary>
    public long Ticks => Provider.GetTimestamp();

    /// <summary>Seconds from one reading of <see cref="Ticks"/> to another.</summary>
    public double SecondsBetween(long from, long to) => Provider.GetElapsedTime(from, to).TotalSeconds;

    /// <summary>Seconds from <paramref name="ticks"/> to now.</summary>
    public double SecondsSince(long ticks) => Provider.GetElapsedTime(ticks).TotalSeconds;
}
