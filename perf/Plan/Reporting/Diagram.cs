namespace FastPush.Plan.Reporting;

/// <summary>A diagram of a scenario; <paramref name="Shows"/> is cpu, memory or latency, <paramref name="Svg"/> the file's text.</summary>
internal sealed record Diagram(string ScenarioId, string Shows, string Svg)
{
    public string FileName(ReportDocument report) => $"{report.Name}-{ScenarioId}-{Shows}.svg";
}
