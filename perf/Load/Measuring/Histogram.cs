using HdrHistogram;

namespace FastPush.Load.Measuring;

/// <summary>
/// Latencies in nanoseconds: an HdrHistogram from 1 ns to 73 minutes with three significant digits (within 0.1 %), and what workers tell the
/// tool of it. Fixed memory, no allocation after construction. What is longer counts as that; the maximum is exact.
/// </summary>
internal sealed class Histogram
{
    private const long LongestNs = 1L << 42; // 73 minutes
    private const int Digits = 3;

    private readonly LongHistogram _values = new(LongestNs, Digits);

    public long Count => _values.TotalCount;

    public long Max { get; private set; }

    public void Add(long value)
    {
        _values.RecordValue(Math.Clamp(value, 0, LongestNs));
        Max = Math.Max(Max, value);
    }

    /// <summary>The value that <paramref name="quantile"/> (0 to 1) of all values do not exceed; 0 when there are none.</summary>
    public double Quantile(double quantile)
    {
        if (Count == 0)
        {
            return 0;
        }

        var highest = _values.GetValueAtPercentile(quantile * 100);
        var lowest = _values.LowestEquivalentValue(highest);
        return quantile >= 1 ? Max : Math.Min((lowest + highest) / 2.0, Max);
    }

    public void Merge(Histogram other)
    {
        _values.Add(other._values);
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>The maximum, then pairs of value and count: what one process tells another.</summary>
    public long[] Export()
    {
        var filled = new List<long> { Max };
        foreach (var step in _values.RecordedValues())
        {
            filled.Add(_values.LowestEquivalentValue(step.ValueIteratedTo));
            filled.Add(step.CountAtValueIteratedTo);
        }

        return [.. filled];
    }

    public static Histogram Import(ReadOnlySpan<long> exported)
    {
        var histogram = new Histogram { Max = exported[0] };
        for (var i = 1; i < exported.Length; i += 2)
        {
            histogram._values.RecordValueWithCount(exported[i], exported[i + 1]);
        }

        return histogram;
    }
}
