using FastPush.Plan.Results;

namespace FastPush.Plan.Reporting;

/// <summary>A target and what was measured of it.</summary>
/// <param name="IsAtMost">The measured figure must not be above the limits; else not below.</param>
/// <param name="Measured">Null when the runs do not say.</param>
/// <param name="IsNoisy">Others used the machine in one of the rounds.</param>
internal sealed record TargetVerdict(string Name, string Unit, bool IsAtMost, double Must, double Goal, double? Measured, bool IsNoisy)
{
    public string Verdict => Measured is { } value ? Judge(value) + (IsNoisy ? " (noisy)" : "") : "not measured";

    private string Judge(double value) =>
        Reaches(value, Goal) ? "reached" : Reaches(value, Must) ? "reached, goal missed" : "missed";

    private bool Reaches(double value, double limit) => IsAtMost ? value <= limit : value >= limit;
}

/// <summary>The project's performance targets, judged by the medians of a report.</summary>
internal static class Targets
{
    private const int SubscribersFew = 1000;
    private const int SubscribersMany = 20_000;
    private const double Ratio50PerSecond = 50;
    private const double DirectPerSecond = 10_000;
    private const int InFlight = 16;

    public static IReadOnlyList<TargetVerdict> Judge(IReadOnlyList<ScenarioFigures> scenarios, string server)
    {
        ServerFigures? Find(Func<Scenario, bool> match) =>
            scenarios.Where(s => match(s.Scenario)).Select(s => s.Of(server)).FirstOrDefault(s => s is not null);
        var fewAt50 = Find(s => s.Kind == "fanout" && s.Connections == SubscribersFew && s.Rate == Ratio50PerSecond);
        var inFlight = Find(s => s.Kind == "fanout" && s.Connections == SubscribersFew && s.Window == InFlight);
        var direct = Find(s => s.Kind == "direct" && s.Rate == DirectPerSecond);
        var idle = Find(s => s.Kind == "idle" && s.HeartBeatMs == 0 && !s.IsTls);
        var idleTls = Find(s => s.Kind == "idle" && s.HeartBeatMs == 0 && s.IsTls);
        var beating = Find(s => s.Kind == "idle" && s.HeartBeatMs > 0);
        var many = Find(s => s.Kind == "fanout" && s.Connections >= SubscribersMany && s.IsOpenLoop);
        ServerFigures? Variant(string kind, string variant) => Find(s => s.Kind == kind && s.Variant == variant);
        return
        [
            AtLeast("Fan-out, 50 messages/s: deliveries per CPU-second", 0.80, 0.85, fewAt50, s => s.RatioToReference),
            AtLeast("Fan-out, 16 in flight: deliveries per CPU-second", 0.75, 0.95, inFlight, s => s.RatioToReference),
            AtLeast("Direct, 10,000 messages/s: deliveries per CPU-second", 0.75, 0.80, direct, s => s.RatioToReference),
            AtMost("Direct, 10,000 messages/s: p99", "x reference", 2, 1.5, direct, s => s.LatencyP99RatioToReference),
            AtMost("Idle memory a connection (PSS)", "B", 5000, 4000, idle, s => s.BytesPerConnection),
            AtMost("Idle memory a connection with TLS (PSS)", "B", 12_000, 12_000, idleTls, s => s.BytesPerConnection),
            AtMost("CPU to connect, RS256 token verified", "us", 120, 80, idle is { HasTokens: true } ? idle : null, s => s.ConnectCpuUs),
            Against(
                "Acknowledged delivery: CPU against ack:auto",
                2,
                Variant("ack", "client-individual"),
                Variant("ack", "auto"),
                s => s.CpuUsPerDelivery),
            Against("A delivery's CPU with 20,000 subscribers against 1,000", 1.2, many, fewAt50, s => s.CpuUsPerDelivery),
            AtMost("Idle CPU a connection and second, heart-beats on", "us", 2, 2, beating, s => s.CpuUsPerConnectionSecond),
            Against(
                "p99 of the others beside slow readers, against none",
                1.1,
                Variant("slow-readers", "with"),
                Variant("slow-readers", "without"),
                s => s.LatencyP99Us),
        ];
    }

    private static TargetVerdict AtLeast(
        string name, double must, double goal, ServerFigures? figures, Func<ServerFigures, Spread?> pick) =>
        new(name, "x reference", IsAtMost: false, must, goal, Median(figures, pick), figures is { IsNoisy: true });

    private static TargetVerdict AtMost(
        string name, string unit, double must, double goal, ServerFigures? figures, Func<ServerFigures, Spread?> pick) =>
        new(name, unit, IsAtMost: true, must, goal, Median(figures, pick), figures is { IsNoisy: true });

    private static TargetVerdict Against(
        string name, double must, ServerFigures? figures, ServerFigures? others, Func<ServerFigures, Spread?> pick) =>
        new(name, "x", IsAtMost: true, must, must, Median(figures, pick) / Median(others, pick), (figures ?? others) is { IsNoisy: true });

    private static double? Median(ServerFigures? figures, Func<ServerFigures, Spread?> pick) =>
        figures is null ? null : pick(figures)?.Median;
}
