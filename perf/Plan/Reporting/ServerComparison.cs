using FastPush.Plan.Results;

namespace FastPush.Plan.Reporting;

/// <summary>All servers of a report in one table: one row a server, one column a figure, ratios to the reference.</summary>
internal static class ServerComparison
{
    private const string Overloaded = " †";

    private const string Footnote =
        "\n† Overloaded in one of the rounds: less than 97 % of what was due came within the window, and its latency grows for as long as\n"
        + "the load goes on.\n";

    /// <summary>Empty when the runs hold no other server than the report's own.</summary>
    public static string Table(ReportDocument report)
    {
        var at50 = Find(report, s => s is { Kind: "fanout", Connections: 1000, Rate: 50, Variant: "" });
        var inFlight = Find(report, s => s is { Kind: "fanout", Connections: 1000, Window: 16, Variant: "" });
        var direct = Find(report, s => s is { Kind: "direct", Rate: 10_000 });
        var idle = Find(report, s => s is { Kind: "idle", HeartBeatMs: 0, IsTls: false });
        ScenarioFigures?[] all = [at50, inFlight, direct, idle];
        var labels = all.OfType<ScenarioFigures>().SelectMany(scenario => scenario.Servers).Select(server => server.Label).Distinct()
            .OrderBy(label => label == report.Reference ? 0 : label == report.Server ? 1 : 2).ToList();
        if (labels.Count < 2)
        {
            return "";
        }

        var table = new MarkdownTable(
            "Server",
            "Fan-out, 50 messages/s",
            "Fan-out, 16 in flight",
            "Direct, 10,000 messages/s",
            "Direct, p99",
            "Idle, bytes a connection (PSS)",
            "CPU to connect");
        foreach (var label in labels)
        {
            var connect = idle?.Of(label);
            table.Add(
                label,
                PerCpuSecond(at50?.Of(label), report),
                PerCpuSecond(inFlight?.Of(label), report),
                PerCpuSecond(direct?.Of(label), report),
                P99(direct?.Of(label), report),
                Figure.WithRange(connect?.BytesPerConnection),
                ConnectCpu(connect));
        }

        var isOverloaded = all.OfType<ScenarioFigures>().SelectMany(scenario => scenario.Servers).Any(server => server.IsOverloaded);
        return table + (isOverloaded ? Footnote : "");
    }

    private static ScenarioFigures? Find(ReportDocument report, Func<Scenario, bool> match) =>
        report.Scenarios.FirstOrDefault(scenario => match(scenario.Scenario));

    private static string PerCpuSecond(ServerFigures? figures, ReportDocument report) => figures is null
        ? Figure.Unknown
        : (figures.Label == report.Reference ? $"{Figure.Of(figures.PerCpuSecond)}/s = 1" : Figure.Ratio(figures.RatioToReference))
            + Mark(figures);

    private static string P99(ServerFigures? figures, ReportDocument report) => figures is null
        ? Figure.Unknown
        : $"{Figure.Of(figures.LatencyP99Us)} us"
            + (figures.Label == report.Reference || figures.IsOverloaded ? "" : $", {Figure.Ratio(figures.LatencyP99RatioToReference)}")
            + Mark(figures);

    private static string ConnectCpu(ServerFigures? figures) => figures?.ConnectCpuUs is { } us
        ? $"{Figure.WithRange(us)} us{(figures.HasTokens ? ", token verified" : "")}"
        : Figure.Unknown;

    private static string Mark(ServerFigures figures) => figures.IsOverloaded ? Overloaded : "";
}
