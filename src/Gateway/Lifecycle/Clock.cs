using FastPush.Relay.Clocks;

namespace FastPush.Gateway.Lifecycle;

/// <summary>All kinds of time that the gateway needs, from one provider.</summary>
internal sealed class Clock(TimeProvider provider)
{
    private readonly long _start = provider.GetTimestamp();
    private readonly long _ticksPerMs = TicksPerMs(provider);

    public TimeProvider Provider { get; } = provider;

    /// <summary>Monotonic milliseconds since the process began, plus one: 0 never occurs and can mean "not set".</summary>
    public long NowMs => MsAt(Provider.GetTimestamp());

    /// <summary>Unix milliseconds of ids, timestamps and expiry: one clock for the whole fleet, and never stepped.</summary>
    public long UnixMs => Provider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Unix milliseconds of this machine's wall clock, for tokens.</summary>
    public long WallMs => SteadyClock.WallNow(Provider).ToUnixTimeMilliseconds();

    /// <summary>Ticks of the monotonic clock, for latencies.</summary>
    public long Ticks => Provider.GetTimestamp();

    /// <summary>What <see cref="NowMs"/> was at a reading of <see cref="Ticks"/>.</summary>
    public long MsAt(long ticks) => 1 + (ticks - _start) / _ticksPerMs;

    /// <summary>Seconds from one reading of <see cref="Ticks"/> to another.</summary>
    public double SecondsBetween(long from, long to) => Provider.GetElapsedTime(from, to).TotalSeconds;

    /// <summary>Seconds from <paramref name="ticks"/> to now.</summary>
    public double SecondsSince(long ticks) => Provider.GetElapsedTime(ticks).TotalSeconds;

    /// <summary>Lets <see cref="UnixMs"/> follow the machine's wall clock, slowly. Called every few seconds.</summary>
    public void Follow() => (Provider as SteadyClock)?.FollowMachine();

    // Whole on every system that .NET runs on: ten millions a second on Windows, a thousand millions elsewhere.
    private static long TicksPerMs(TimeProvider provider) => provider.TimestampFrequency % 1000 == 0
        ? provider.TimestampFrequency / 1000
        : throw new ArgumentException("The clock's frequency is no multiple of 1000 Hz.", nameof(provider));
}
