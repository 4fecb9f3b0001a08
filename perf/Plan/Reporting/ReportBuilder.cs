using FastPush.Plan.Model;
using FastPush.Plan.Results;

namespace FastPush.Plan.Reporting;

/// <summary>From measured runs to a report. A label's n-th run of a scenario is its round n; ratios are taken within a round.</summary>
internal static class ReportBuilder
{
    private const int CommitChars = 12;

    /// <exception cref="InputException">The runs do not say when, of which commit or on which machine, or none is the server's.</exception>
    public static ReportDocument Build(Conditions conditions, IReadOnlyList<MeasuredRun> runs, string server, string reference)
    {
        if (!runs.Any(run => run.Label == server))
        {
            var labels = string.Join(", ", runs.Select(run => run.Label).Distinct());
            throw new InputException($"no run has the label '{server}'; there are {labels}");
        }

        var commit = conditions.Commit ?? throw Lacks("the commit");
        var measured = runs.Where(run => !run.IsValidation && !run.IsCalibration).ToList();
        var scenarios = measured.GroupBy(run => run.Scenario).Select(group => Figures(group.Key, [.. group], reference)).ToList();
        return new ReportDocument(
            ReportDocument.FormatWritten,
            conditions.Date ?? throw Lacks("its day"),
            commit.Length > CommitChars ? commit[..CommitChars] : commit,
            server,
            reference,
            conditions.Machine ?? throw Lacks("its machine"),
            conditions.Notes,
            conditions.Commands,
            scenarios,
            Calibration.From([.. runs.Where(run => !run.IsValidation && run.Label == server)]),
            Targets.Judge(measured, server, reference),
            [.. runs.Where(run => run.IsValidation && run.Label == server).GroupBy(run => run.Scenario)
                .Select(Validation).OfType<ValidationRun>()],
            conditions.Time);
    }

    private static InputException Lacks(string what) => new($"no result says {what}, and there is no {Conditions.FileName} that does");

    private static ScenarioFigures Figures(Scenario scenario, IReadOnlyList<MeasuredRun> runs, string reference)
    {
        var references = runs.Where(run => run.Label == reference).ToList();
        return new ScenarioFigures(
            scenario.Id, scenario.Title, scenario, [.. runs.GroupBy(run => run.Label).Select(server => Figures([.. server], references))]);
    }

    private static ServerFigures Figures(IReadOnlyList<MeasuredRun> runs, IReadOnlyList<MeasuredRun> references)
    {
        Spread? Over(Func<MeasuredRun, double?> figure) => Spread.Of(runs.Select(figure));
        Spread? Ratio(Func<MeasuredRun, double?> figure) =>
            Spread.Of(runs.Zip(references, (run, other) => figure(other) > 0 ? figure(run) / figure(other) : null));
        var isIdle = runs[0].Scenario.Kind == "idle";
        return new ServerFigures(
            runs[0].Label,
            runs.Count,
            runs.All(run => run.HasTokens),
            Over(run => run.PerCpuSecond),
            Ratio(run => run.PerCpuSecond),
            Over(run => run.CpuUsPerDelivery),
            Over(run => run.LatencyUs.P50),
            Over(run => run.LatencyUs.P90),
            Over(run => run.LatencyUs.P99),
            Over(run => run.LatencyUs.P999),
            Over(run => run.LatencyUs.Max),
            Ratio(run => run.LatencyUs.P99),
            // Under load the figure is buffers that come and go; only a held connection's memory says what a connection costs.
            isIdle ? Over(run => run.BytesPerConnection) : null,
            isIdle ? Over(run => run.SlabBytesPerConnection) : null,
            isIdle ? Over(run => run.ConnectCpuUs) : null,
            isIdle ? Over(run => run.ConnectsPerSecond) : null,
            isIdle ? Over(run => run.CpuUsPerConnectionSecond) : null,
            Over(run => run.OthersCores),
            Faults(runs),
            runs.Any(run => run.IsOverloaded));
    }

    private static double? Faults(IReadOnlyList<MeasuredRun> runs)
    {
        var counts = runs.SelectMany(run => new[] { run.Lost, run.Duplicated, run.OutOfOrder, run.Misrouted, run.FailedConnections })
            .OfType<double>().ToList();
        return counts.Count > 0 ? counts.Sum() : null;
    }

    private static ValidationRun? Validation(IGrouping<Scenario, MeasuredRun> runs)
    {
        var pool = Pool.Of([.. runs]);
        var spread = Spread.Of(pool.Runs.Select(run => run.CpuPerSecond));
        return spread is null || pool is not { CpuPerSecond: { } cpu, PublishesPerSecond: { } publishes, FanOut: { } fanOut }
            ? null
            : new ValidationRun(
                runs.Key.Title, pool.Runs.Count, runs.Key.Connections, publishes, Math.Round(fanOut), cpu, spread.Min, spread.Max);
    }
}
