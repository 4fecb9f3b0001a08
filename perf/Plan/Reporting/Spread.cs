namespace FastPush.Plan.Reporting;

/// <summary>A figure over the rounds of a measurement.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>Null when no round has the figure.</summary>
    public static Spread? Of(IEnumerable<double?> values)
    {
        var sorted = values.OfType<double>().Where(double.IsFinite).Order().ToArray();
        return sorted.Length == 0
            ? null
            : new Spread((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1]);
    }
}
