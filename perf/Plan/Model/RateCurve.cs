namespace FastPush.Plan.Model;

/// <summary>A measured cost of the model at a rate of messages per second, and the run it is from.</summary>
internal sealed record RatedConstant(double Rate, double Value, string Unit, string From);

/// <summary>
/// A cost that depends on the time between two messages, which is what a core sleeps between them: the longer, the less of what the next
/// message needs is still in its caches, and the deeper it sleeps. First the near and small caches go cold, then the large ones, and at
/// last the core itself, so that the cost grows over the whole range of times, but ever more slowly: about with their square root.
/// Between the measured rates it is linear in that, beyond them it is the nearest one.
/// </summary>
internal static class RateCurve
{
    /// <exception cref="InputException">There is no point.</exception>
    public static double At(IReadOnlyList<RatedConstant>? points, double rate, string name)
    {
        if (points is not { Count: > 0 })
        {
            throw new InputException($"the report has not measured '{name}'");
        }

        // At one of the measured rates that is the point itself: the other one's share is nothing.
        var below = points.Where(p => p.Rate <= rate).MaxBy(p => p.Rate);
        var above = points.Where(p => p.Rate > rate).MinBy(p => p.Rate);
        if (below is null || above is null)
        {
            return (below ?? above)!.Value;
        }

        var share = (Cooling(rate) - Cooling(above.Rate)) / (Cooling(below.Rate) - Cooling(above.Rate));
        return above.Value + (share * (below.Value - above.Value));
    }

    /// <summary>How cold the core is when the next message comes, but for a factor.</summary>
    private static double Cooling(double rate) => 1 / Math.Sqrt(rate);
}
