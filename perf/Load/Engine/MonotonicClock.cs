using System.Diagnostics;

namespace FastPush.Load.Engine;

/// <summary>CLOCK_MONOTONIC in nanoseconds: the same in all processes of the machine.</summary>
internal static class MonotonicClock
{
    private static readonly double s_nanosecondsPerTick = 1e9 / Stopwatch.Frequency;

    public static long Now => Stopwatch.Frequency == 1_000_000_000
        ? Stopwatch.GetTimestamp()
        : (long)(Stopwatch.GetTimestamp() * s_nanosecondsPerTick);

    public static long FromSeconds(double seconds) => (long)(seconds * 1e9);
}
