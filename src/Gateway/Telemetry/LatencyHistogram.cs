namespace FastPush.Gateway.Telemetry;

/// <summary>A histogram with fixed bucket bounds in seconds, updated without a lock.</summary>
internal sealed class LatencyHistogram
{
    // From half a delivery's cost to the 10 s that no user waits for; dense where the promise (p99 < 100 ms) and the alert (500 ms) are.
    private static readonly double[] s_bounds =
        [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

    private readonly long[] _counts = new long[s_bounds.Length + 1];
    private long _sumMicroseconds;

    /// <summary>Upper bounds, seconds; one more bucket without a bound follows.</summary>
    public static ReadOnlySpan<double> Bounds => s_bounds;

    /// <summary>Counts <paramref name="count"/> deliveries that took so long.</summary>
    public void Record(double seconds, long count)
    {
        var bucket = 0;
        while (bucket < s_bounds.Length && seconds > s_bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Add(ref _counts[bucket], count);
        Interlocked.Add(ref _sumMicroseconds, (long)(seconds * 1e6) * count);
    }

    /// <summary>Deliveries in each bucket, not cumulated.</summary>
    public long CountAt(int bucket) => Volatile.Read(ref _counts[bucket]);

    /// <summary>Sum of all latencies, seconds.</summary>
    public double SumSeconds => Volatile.Read(ref _sumMicroseconds) / 1e6;
}
