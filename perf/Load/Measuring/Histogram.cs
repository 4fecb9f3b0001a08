using System.Numerics;

namespace FastPush.Load.Measuring;

/// <summary>
/// Counts of non-negative values in log-linear buckets: 128 to each power of two, so a value read back is at most 1/256 from the
/// one that went in. Values are nanoseconds here; any unit does. Fixed memory, no allocation after construction.
/// </summary>
internal sealed class Histogram
{
    private const int StepBits = 7;
    private const int Steps = 1 << StepBits;

    // 2^42 ns is 73 minutes; what is longer counts as that, with the exact maximum kept beside.
    private const int LargestBits = 42;
    private const int BucketCount = (LargestBits - StepBits + 1) << StepBits;

    private readonly long[] _buckets = new long[BucketCount];

    public long Count { get; private set; }

    public long Max { get; private set; }

    public void Add(long value)
    {
        _buckets[IndexOf(value)]++;
        Count++;
        Max = Math.Max(Max, value);
    }

    /// <summary>The value that <paramref name="quantile"/> (0 to 1) of all values do not exceed; 0 when there are none.</summary>
    public double Quantile(double quantile)
    {
        var rank = Math.Max(1, (long)Math.Ceiling(Count * quantile));
        long passed = 0;
        for (var i = 0; i < BucketCount; i++)
        {
            passed += _buckets[i];
            if (passed >= rank)
            {
                return Math.Min(MiddleOf(i), Max);
            }
        }

        return Max;
    }

    public void Merge(Histogram other)
    {
        for (var i = 0; i < BucketCount; i++)
        {
            _buckets[i] += other._buckets[i];
        }

        Count += other.Count;
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>Pairs of bucket and count, the maximum first: what one process tells another.</summary>
    public long[] Export()
    {
        var filled = new List<long> { Max };
        for (var i = 0; i < BucketCount; i++)
        {
            if (_buckets[i] > 0)
            {
                filled.Add(i);
                filled.Add(_buckets[i]);
            }
        }

        return [.. filled];
    }

    public static Histogram Import(ReadOnlySpan<long> exported)
    {
        var histogram = new Histogram { Max = exported[0] };
        for (var i = 1; i < exported.Length; i += 2)
        {
            histogram._buckets[exported[i]] = exported[i + 1];
            histogram.Count += exported[i + 1];
        }

        return histogram;
    }

    private static int IndexOf(long value)
    {
        if (value < 2 * Steps)
        {
            return (int)Math.Max(value, 0);
        }

        var shift = BitOperations.Log2((ulong)value) - StepBits;
        return Math.Min((shift << StepBits) + (int)(value >> shift), BucketCount - 1);
    }

    private static double MiddleOf(int index)
    {
        if (index < 2 * Steps)
        {
            return index;
        }

        var shift = (index >> StepBits) - 1;
        return ((long)((index & (Steps - 1)) + Steps) << shift) + ((1L << shift) / 2.0);
    }
}
