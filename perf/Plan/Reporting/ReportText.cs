using System.Text;
using FastPush.Plan.Model;

namespace FastPush.Plan.Reporting;

/// <summary>A report as Markdown.</summary>
internal static class ReportText
{
    public static string Write(ReportDocument report, ReportDocument? baseline, IReadOnlyList<Diagram> diagrams)
    {
        var text = new StringBuilder();
        text.Append($"# Measured on {report.Date}, commit {report.Commit}\n\n");
        text.Append($"Ratios are to `{report.Reference}` in the same round. Figures are medians over the rounds, ");
        text.Append($"(minimum–maximum) beside them; {Figure.Unknown} is what was not measured.\n");
        WriteMachine(text, report);
        WriteComparison(text, report);
        WriteTargets(text, report);
        foreach (var scenario in report.Scenarios)
        {
            WriteScenario(text, report, scenario, diagrams);
        }

        WriteConstants(text, report, baseline);
        WriteValidation(text, report);
        if (baseline is not null)
        {
            WriteBaseline(text, report, baseline);
        }

        WriteCommands(text, report);
        return text.ToString();
    }

    private static void WriteMachine(StringBuilder text, ReportDocument report)
    {
        var memory = report.Machine.MemoryBytes is { } bytes ? FormattableString.Invariant($"{bytes / 1e9:0.0} GB") : Figure.Unknown;
        text.Append("\n## Machine and conditions\n\n");
        text.Append($"- CPU: {report.Machine.CpuModel ?? Figure.Unknown}, {report.Machine.Cores?.ToString() ?? Figure.Unknown} cores\n");
        text.Append($"- Memory: {memory}; kernel: {report.Machine.Kernel ?? Figure.Unknown}\n");
        foreach (var note in report.Notes)
        {
            text.Append($"- {note}\n");
        }
    }

    private static void WriteComparison(StringBuilder text, ReportDocument report)
    {
        if (ServerComparison.Table(report) is { Length: > 0 } table)
        {
            text.Append("\n## Servers compared\n\nDeliveries per server CPU-second, and what a connection costs.\n\n").Append(table);
        }
    }

    private static void WriteTargets(StringBuilder text, ReportDocument report)
    {
        var table = new MarkdownTable("Target", "Must", "Goal", "Measured", "Each round", "Verdict");
        foreach (var target in report.Targets)
        {
            table.Add(
                target.Name,
                target.Limit(target.Must),
                target.Limit(target.Goal),
                target.Shown,
                target.Rounds is { } rounds ? string.Join(", ", rounds.Select(round => Figure.Of(round))) : Figure.Unknown,
                target.Verdict);
        }

        text.Append($"\n## Targets of `{report.Server}`\n\n{table}");
    }

    private static void WriteScenario(StringBuilder text, ReportDocument report, ScenarioFigures scenario, IReadOnlyList<Diagram> diagrams)
    {
        text.Append($"\n## {scenario.Title}\n\n");
        text.Append(scenario.Scenario.Kind == "idle" ? IdleTable(scenario) : TrafficTable(scenario));
        if (scenario.Servers.Any(server => server.IsNoisy))
        {
            text.Append("\n\\* Noisy: others used more than a tenth of a core in one of the rounds.\n");
        }

        if (scenario.Servers.Any(server => server.IsOverloaded))
        {
            text.Append("\n† Overloaded: less than 97 % of what was due came within the window in one of the rounds.\n");
        }

        foreach (var diagram in diagrams.Where(d => d.ScenarioId == scenario.Id))
        {
            text.Append($"\n![{scenario.Title}: {diagram.Shows}]({diagram.FileName(report)})\n");
        }
    }

    private static string Name(ServerFigures server) => server.Label + (server.IsNoisy ? " \\*" : "") + (server.IsOverloaded ? " †" : "");

    private static string TrafficTable(ScenarioFigures scenario)
    {
        var table = new MarkdownTable(
            "Server",
            "Deliveries per CPU-second",
            "To reference",
            "CPU a delivery, us",
            "p50 us",
            "p90 us",
            "p99 us",
            "p99.9 us",
            "Max us",
            "p99 to reference",
            "Faults",
            "Rounds");
        foreach (var s in scenario.Servers)
        {
            table.Add(
                Name(s),
                Figure.WithRange(s.PerCpuSecond),
                Figure.Ratio(s.RatioToReference),
                Figure.Of(s.CpuUsPerDelivery),
                Figure.Of(s.LatencyP50Us),
                Figure.Of(s.LatencyP90Us),
                Figure.WithRange(s.LatencyP99Us),
                Figure.Of(s.LatencyP999Us),
                Figure.Of(s.LatencyMaxUs),
                Figure.Ratio(s.LatencyP99RatioToReference),
                Faults(s),
                FormattableString.Invariant($"{s.Rounds}"));
        }

        return table.ToString();
    }

    private static string IdleTable(ScenarioFigures scenario)
    {
        var table = new MarkdownTable(
            "Server",
            "PSS a connection, B",
            "Slab of both ends, B",
            "CPU to connect, us",
            "Token verified",
            "Connections/s",
            "CPU a connection and second, us",
            "Faults",
            "Rounds");
        foreach (var s in scenario.Servers)
        {
            table.Add(
                Name(s),
                Figure.WithRange(s.BytesPerConnection),
                Figure.Of(s.SlabBytesPerConnection),
                Figure.WithRange(s.ConnectCpuUs),
                s.HasTokens ? "yes" : "no",
                Figure.Of(s.ConnectsPerSecond),
                Figure.Of(s.CpuUsPerConnectionSecond),
                Faults(s),
                FormattableString.Invariant($"{s.Rounds}"));
        }

        return table.ToString();
    }

    private static string Faults(ServerFigures server) =>
        server.Faults is { } faults ? FormattableString.Invariant($"{faults:N0}") : Figure.Unknown;

    private static void WriteConstants(StringBuilder text, ReportDocument report, ReportDocument? baseline)
    {
        var table = new MarkdownTable("Constant", "Value", "Unit", "From", "Baseline");
        foreach (var (name, constant) in report.Constants.Named)
        {
            var before = baseline?.Constants.Named.FirstOrDefault(b => b.Name == name).Constant;
            table.Add(name, Figure.Of(constant?.Value), constant?.Unit ?? "", constant?.From ?? "not measured", Figure.Of(before?.Value));
        }

        text.Append($"\n## Constants of the planning model (`fastpush plan`)\n\n{table}");
    }

    private static void WriteValidation(StringBuilder text, ReportDocument report)
    {
        if (report.Validation.Count == 0)
        {
            return;
        }

        var model = new CostModel(report.Constants);
        var table = new MarkdownTable("Run the constants do not know", "CPU-seconds/s measured", "Predicted", "Off by");
        foreach (var run in report.Validation)
        {
            var predicted = model.PredictRun(run);
            var off = (predicted / run.CpuPerSecond) - 1;
            table.Add(
                run.Title,
                FormattableString.Invariant($"{run.CpuPerSecond:0.000} ({run.CpuMin:0.000}–{run.CpuMax:0.000})"),
                FormattableString.Invariant($"{predicted:0.000}"),
                FormattableString.Invariant($"{off * 100:+0.0;-0.0;0.0} %"));
        }

        text.Append($"\n## Prediction against measurement\n\n{table}");
    }

    private static void WriteBaseline(StringBuilder text, ReportDocument report, ReportDocument baseline)
    {
        var table = new MarkdownTable("Scenario", "To reference", $"In {baseline.Name}", "Change");
        foreach (var scenario in report.Scenarios)
        {
            var now = scenario.Of(report.Server)?.RatioToReference;
            var before = baseline.Scenarios.FirstOrDefault(s => s.Id == scenario.Id)?.Of(baseline.Server)?.RatioToReference;
            if (now is not null && before is not null)
            {
                table.Add(
                    scenario.Title,
                    Figure.Ratio(now),
                    Figure.Ratio(before),
                    FormattableString.Invariant($"{((now.Median / before.Median) - 1) * 100:+0.0;-0.0;0.0} %"));
            }
        }

        text.Append($"\n## Against {baseline.Name}\n\n{table}");
    }

    private static void WriteCommands(StringBuilder text, ReportDocument report)
    {
        text.Append("\n## How to repeat\n\n```sh\n");
        text.AppendJoin('\n', report.Commands.DefaultIfEmpty("# The results did not say how they were made.")).Append("\n```\n");
    }
}
