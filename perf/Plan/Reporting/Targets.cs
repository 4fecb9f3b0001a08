using FastPush.Plan.Results;

namespace FastPush.Plan.Reporting;

/// <summary>The project's performance targets, judged by the median over the rounds.</summary>
internal sealed class Targets
{
    private const int SubscribersFew = 1000;
    private const int SubscribersMany = 20_000;

    // A process of the measured machine may have 20,000 files: what it has beside connections takes some of them.
    private const int SubscribersManyMin = 18_000;
    private const double SlowRate = 50;
    private const double DirectRate = 10_000;
    private const int InFlight = 16;
    private const int RareBeatMs = 25_000;
    private const string Acknowledged = "client-individual";

    private readonly IReadOnlyList<MeasuredRun> _runs;
    private readonly string _server;
    private readonly string _reference;

    private Targets(IReadOnlyList<MeasuredRun> runs, string server, string reference)
    {
        _runs = runs;
        _server = server;
        _reference = reference;
    }

    /// <param name="runs">What was measured, in the order of the rounds.</param>
    public static IReadOnlyList<TargetVerdict> Judge(IReadOnlyList<MeasuredRun> runs, string server, string reference) =>
        new Targets(runs, server, reference).Judge();

    private TargetVerdict[] Judge()
    {
        var at50 = FanOut(s => s.Connections == SubscribersFew && s.Rate == SlowRate);
        var inFlight = FanOut(s => s.Connections == SubscribersFew && s.Window == InFlight);
        var direct = Of(s => s.Kind == "direct" && s.Rate == DirectRate);
        var idle = Of(s => s is { Kind: "idle", HeartBeatMs: 0, IsTls: false });
        var idleTls = Of(s => s is { Kind: "idle", HeartBeatMs: 0, IsTls: true });
        var beating = Of(s => s is { Kind: "idle", HeartBeatMs: RareBeatMs });
        var ackedAt50 = FanOut(s => s.Connections == SubscribersFew && s.Rate == SlowRate, Acknowledged);
        var ackedInFlight = FanOut(s => s.Connections == SubscribersFew && s.Window == InFlight, Acknowledged);
        var many = FanOut(s => s.Connections >= SubscribersManyMin && s.IsOpenLoop);
        var manyInFlight = FanOut(s => s.Connections >= SubscribersManyMin && s.Window == InFlight);
        return
        [
            AtLeast("Fan-out, 50 messages/s: deliveries per CPU-second", 0.80, 0.85, at50, run => run.PerCpuSecond),
            AtLeast("Fan-out, 16 in flight: deliveries per CPU-second", 0.75, 0.95, inFlight, run => run.PerCpuSecond),
            AtLeast("Direct, 10,000 messages/s: deliveries per CPU-second", 0.75, 0.80, direct, run => run.PerCpuSecond),
            AtMost("Direct, 10,000 messages/s: p99", "x reference", 2, 1.5, ToReference(direct, run => run.LatencyUs.P99)),
            AtMost("Idle memory a connection (PSS)", "B", 5000, 4000, Each(idle, run => run.BytesPerConnection)),
            AtMost("Idle memory a connection with TLS (PSS)", "B", 12_000, 12_000, Each(idleTls, run => run.BytesPerConnection)),
            AtMost(
                "CPU to connect, RS256 token verified",
                "us",
                120,
                80,
                Each(idle.All(run => run.HasTokens) ? idle : [], run => run.ConnectCpuUs)),
            Against("Acknowledged delivery, 50 messages/s: CPU against ack:auto", 2, ackedAt50, at50, run => run.CpuUsPerDelivery),
            Against("Acknowledged delivery, 16 in flight: CPU against ack:auto", 2, ackedInFlight, inFlight, run => run.CpuUsPerDelivery),
            Against(ManyTitle(many), 1.2, many, at50, run => run.CpuUsPerDelivery),
            Against(ManyTitle(manyInFlight) + ", 16 in flight", 1.2, manyInFlight, inFlight, run => run.CpuUsPerDelivery),
            AtMost(
                "Idle CPU a connection and second, heart-beats every 25 s",
                "us",
                2,
                2,
                Each(beating, run => run.CpuUsPerConnectionSecond)),
            .. BesideSlowReaders(),
        ];
    }

    private static string ManyTitle(MeasuredRun[] many) => FormattableString.Invariant(
        $"A delivery's CPU with {many.FirstOrDefault()?.Scenario.Connections ?? SubscribersMany:N0} subscribers against 1,000");

    /// <summary>One verdict for each load that was measured.</summary>
    private IEnumerable<TargetVerdict> BesideSlowReaders()
    {
        const string Name = "p99 of the others beside slow readers, against none";
        const double Must = 1.1;
        var with = Of(s => s is { Kind: "slow-readers", Variant: "with" });
        if (with.Length == 0)
        {
            return [AtMost(Name, "x", Must, Must, new Rounds([], IsNoisy: false))];
        }

        return with.GroupBy(run => run.Scenario).Select(load =>
        {
            var without = Of(s => s == load.Key with { Variant = "without" });
            var control = Ratio(without, Of(s => s == load.Key with { Variant = "control" }), P99);
            var verdict = AtMost(Name + load.Key.LoadTitle, "x", Must, Must, Ratio([.. load], without, P99));
            return verdict with
            {
                Control = control.Median is { } value ? new Control("none in both", value) : null,
                // Where nothing but time lies between two runs and they differ by more than the target allows, the target cannot be judged.
                IsNoisy = verdict.IsNoisy || control.Values.Any(ratio => ratio is > Must or < 1 / Must),
            };
        });

        static double? P99(MeasuredRun run) => run.LatencyUs.P99;
    }

    private MeasuredRun[] Of(Func<Scenario, bool> match) => [.. _runs.Where(run => run.Label == _server && match(run.Scenario))];

    private MeasuredRun[] FanOut(Func<Scenario, bool> match, string variant = "") =>
        Of(s => s.Kind == "fanout" && s.Variant == variant && match(s));

    private TargetVerdict AtLeast(string name, double must, double goal, MeasuredRun[] runs, Func<MeasuredRun, double?> figure) =>
        Verdict(name, "x reference", isAtMost: false, must, goal, ToReference(runs, figure));

    private static TargetVerdict AtMost(string name, string unit, double must, double goal, Rounds rounds) =>
        Verdict(name, unit, isAtMost: true, must, goal, rounds);

    private TargetVerdict Against(
        string name, double must, MeasuredRun[] runs, MeasuredRun[] others, Func<MeasuredRun, double?> figure) =>
        Verdict(name, "x", isAtMost: true, must, must, Ratio(runs, others, figure)) with
        {
            Control = Ratio(OfReference(runs), OfReference(others), figure).Median is { } value ? new Control(_reference, value) : null,
        };

    private static TargetVerdict Verdict(string name, string unit, bool isAtMost, double must, double goal, Rounds rounds) => new(
        name,
        unit,
        isAtMost,
        must,
        goal,
        rounds.Median,
        rounds.IsNoisy,
        rounds.Values.Count > 0 ? rounds.Values : null);

    private static Rounds Each(MeasuredRun[] runs, Func<MeasuredRun, double?> figure) =>
        new([.. runs.Select(figure).OfType<double>()], runs.Any(run => run.IsNoisy));

    private Rounds ToReference(MeasuredRun[] runs, Func<MeasuredRun, double?> figure) => Ratio(runs, OfReference(runs), figure);

    private MeasuredRun[] OfReference(MeasuredRun[] runs) =>
        [.. _runs.Where(run => run.Label == _reference && run.Scenario == runs.FirstOrDefault()?.Scenario)];

    /// <summary>Ratios of the runs of one round; a round that lacks one of them has none.</summary>
    private static Rounds Ratio(MeasuredRun[] runs, MeasuredRun[] others, Func<MeasuredRun, double?> figure) => new(
        [.. runs.Zip(others, (run, other) => figure(other) > 0 ? figure(run) / figure(other) : null).OfType<double>()],
        runs.Concat(others).Any(run => run.IsNoisy));

    private sealed record Rounds(IReadOnlyList<double> Values, bool IsNoisy)
    {
        public double? Median => Spread.Of(Values.Select(value => (double?)value))?.Median;
    }
}
