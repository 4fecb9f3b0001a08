namespace FastPush.Plan.Reporting;

/// <summary>Writes a report: Markdown, its diagrams, and the JSON that the planner reads.</summary>
internal static class ReportFiles
{
    /// <returns>The paths written.</returns>
    public static IReadOnlyList<string> Write(ReportDocument report, ReportDocument? baseline, string folder)
    {
        Directory.CreateDirectory(folder);
        var diagrams = MakeDiagrams(report);
        var files = new List<(string Name, string Text)>
        {
            ($"{report.Name}.md", ReportText.Write(report, baseline, diagrams)),
            ($"{report.Name}.json", report.ToJson()),
        };
        files.AddRange(diagrams.Select(d => (d.FileName(report), d.Svg)));
        foreach (var (name, text) in files)
        {
            File.WriteAllText(Path.Combine(folder, name), text);
        }

        return [.. files.Select(file => Path.Combine(folder, file.Name))];
    }

    public static IReadOnlyList<Diagram> MakeDiagrams(ReportDocument report)
    {
        var diagrams = new List<Diagram>();
        foreach (var scenario in report.Scenarios.Where(scenario => scenario.Scenario.Variant != "control"))
        {
            AddBars(diagrams, scenario, "cpu", "deliveries per server CPU-second", s => s.PerCpuSecond is { Median: > 0 } cpu ? cpu : null);
            AddBars(diagrams, scenario, "memory", "bytes of process memory (PSS) per connection", s => s.BytesPerConnection);
            var withLatency = scenario.Servers.Where(Diagrams.HasLatencies).ToList();
            if (withLatency.Count > 0)
            {
                diagrams.Add(new Diagram(scenario.Id, "latency", Diagrams.Latencies(scenario.Title, withLatency)));
            }
        }

        return diagrams;
    }

    private static void AddBars(
        List<Diagram> diagrams, ScenarioFigures scenario, string shows, string unit, Func<ServerFigures, Spread?> figure)
    {
        var rows = scenario.Servers.Select(s => (s.Label, Value: figure(s))).Where(row => row.Value is not null)
            .Select(row => (row.Label, row.Value!)).ToList();
        if (rows.Count > 0)
        {
            diagrams.Add(new Diagram(scenario.Id, shows, Diagrams.Bars(scenario.Title, unit, rows)));
        }
    }
}
