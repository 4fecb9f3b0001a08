using System.Text.Json;
using FastPush.Plan.Model;

namespace FastPush.Plan.Reporting;

/// <summary>Reports of format 1: they had one send for all rates, and publish at two rates under four names.</summary>
internal static class FirstFormat
{
    public const int Number = 1;

    /// <summary>The constants as they are now, of a report that was read as one of today's and lacks those two.</summary>
    /// <exception cref="JsonException">It is no report of this format.</exception>
    public static ModelConstants Constants(string text, ReportDocument report)
    {
        var old = JsonSerializer.Deserialize<Whole>(text, JsonShape.Options)!.Constants;
        var open = report.Scenarios.FirstOrDefault(s => s.Scenario is { Kind: "fanout", IsOpenLoop: true, Variant: "" });
        return report.Constants with
        {
            Sends = Points((open?.Scenario.Rate, old.Send)),
            Publishes = Points((old.PublishRateLow?.Value, old.PublishLow), (old.PublishRateHigh?.Value, old.PublishHigh)),
        };
    }

    private static IReadOnlyList<RatedConstant> Points(params (double? Rate, Constant? Cost)[] points) =>
    [
        .. points.Where(p => p is { Rate: not null, Cost: not null })
            .Select(p => new RatedConstant(p.Rate!.Value, p.Cost!.Value, p.Cost.Unit, p.Cost.From)).DistinctBy(p => p.Rate),
    ];

    private sealed record Whole(Costs Constants);

    private sealed record Costs(Constant? Send, Constant? PublishLow, Constant? PublishRateLow, Constant? PublishHigh, Constant? PublishRateHigh);
}
