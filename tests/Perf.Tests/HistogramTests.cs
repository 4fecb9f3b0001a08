using FastPush.Load.Measuring;

namespace FastPush.Perf.Tests;

public sealed class HistogramTests
{
    [Fact]
    public void Every_value_is_read_back_within_one_percent()
    {
        for (double value = 1; value < 4e12; value *= 1.01)
        {
            var histogram = new Histogram();
            histogram.Add((long)value);
            histogram.Add(long.MaxValue >> 1); // So that the maximum, which is exact, does not stand in for it.
            Assert.InRange(histogram.Quantile(0.5), (long)value * 0.99, (long)value * 1.01);
        }
    }

    [Fact]
    public void Quantiles_are_those_of_the_sorted_values()
    {
        var histogram = new Histogram();
        var random = new Random(7);
        var values = Enumerable.Range(0, 10_000).Select(_ => (long)Math.Exp(random.NextDouble() * 20)).ToArray();
        foreach (var value in values)
        {
            histogram.Add(value);
        }

        Array.Sort(values);
        foreach (var quantile in new[] { 0.5, 0.9, 0.99, 0.999 })
        {
            var exact = values[(int)Math.Ceiling(quantile * values.Length) - 1];
            Assert.InRange(histogram.Quantile(quantile), exact * 0.99, exact * 1.01);
        }

        Assert.Equal(values[^1], histogram.Max);
        Assert.Equal(values[^1], histogram.Quantile(1));
    }

    [Fact]
    public void One_that_was_exported_and_merged_gives_the_same()
    {
        var (a, b, both) = (new Histogram(), new Histogram(), new Histogram());
        for (var i = 0; i < 1000; i++)
        {
            (i % 3 == 0 ? a : b).Add(i * 1237L);
            both.Add(i * 1237L);
        }

        var merged = Histogram.Import(a.Export());
        merged.Merge(Histogram.Import(b.Export()));
        Assert.Equal(both.Count, merged.Count);
        Assert.Equal(both.Max, merged.Max);
        Assert.Equal(both.Quantile(0.9), merged.Quantile(0.9));
    }

    [Fact]
    public void An_empty_one_gives_zero() => Assert.Equal(0, new Histogram().Quantile(0.99));
}
