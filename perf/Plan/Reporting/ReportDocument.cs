using System.Text.Json;
using System.Text.Json.Serialization;
using FastPush.Plan.Model;
using FastPush.Plan.Results;

namespace FastPush.Plan.Reporting;

/// <summary>A report as its JSON file holds it: what was measured, the model's constants, targets, runs to check the model by.</summary>
/// <param name="Time">When it was written, HH:mm of UTC; of old reports it is not known.</param>
internal sealed record ReportDocument(
    int Format,
    string Date,
    string Commit,
    string Server,
    string Reference,
    Machine Machine,
    IReadOnlyList<string> Notes,
    IReadOnlyList<string> Commands,
    IReadOnlyList<ScenarioFigures> Scenarios,
    ModelConstants Constants,
    IReadOnlyList<TargetVerdict> Targets,
    IReadOnlyList<ValidationRun> Validation,
    string? Time = null)
{
    public const int FormatWritten = 2;

    /// <summary>Name of the report's files without extension.</summary>
    public string Name => $"{Date}-{Commit}";

    /// <exception cref="InputException">No such file, or not a report of this format.</exception>
    public static ReportDocument Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new InputException($"there is no report '{path}'");
        }

        try
        {
            var text = File.ReadAllText(path);
            var report = JsonSerializer.Deserialize<ReportDocument>(text, JsonShape.Options);
            return report?.Format switch
            {
                FormatWritten => report,
                FirstFormat.Number => report with { Constants = FirstFormat.Constants(text, report) },
                _ => throw new InputException($"{path}: not a report of format {FormatWritten} or {FirstFormat.Number}"),
            };
        }
        catch (JsonException e)
        {
            throw new InputException($"{path}: not a report ({e.Message})", e);
        }
    }

    /// <summary>The report of the last day, and of that day the last.</summary>
    /// <exception cref="InputException">There is none, or one that cannot be read.</exception>
    public static string Newest(string folder) =>
        (Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.json") : [])
            .Select(path => (Path: path, Report: Read(path)))
            .OrderBy(one => one.Report.Date, StringComparer.Ordinal)
            .ThenBy(one => one.Report.Time, StringComparer.Ordinal)
            .ThenBy(one => one.Path, StringComparer.Ordinal)
            .LastOrDefault().Path
            ?? throw new InputException($"there is no report in '{folder}': make one with scripts/report.sh, or name one with --report");

    public string ToJson() => JsonSerializer.Serialize(this, JsonShape.Options) + "\n";
}

/// <summary>One scenario and what each server did in it.</summary>
internal sealed record ScenarioFigures(string Id, string Title, Scenario Scenario, IReadOnlyList<ServerFigures> Servers)
{
    public ServerFigures? Of(string label) => Servers.FirstOrDefault(s => s.Label == label);
}

/// <summary>A server's figures in one scenario, over the rounds.</summary>
/// <param name="RatioToReference">Deliveries per CPU-second against the reference's in the same round.</param>
/// <param name="LatencyP99RatioToReference">p99 against the reference's in the same round.</param>
/// <param name="Faults">Messages lost, doubled, out of order or misrouted, and connections failed, in all rounds together.</param>
/// <param name="IsOverloaded">In one of the rounds it delivered less than was due.</param>
internal sealed record ServerFigures(
    string Label,
    int Rounds,
    bool HasTokens,
    Spread? PerCpuSecond,
    Spread? RatioToReference,
    Spread? CpuUsPerDelivery,
    Spread? LatencyP50Us,
    Spread? LatencyP90Us,
    Spread? LatencyP99Us,
    Spread? LatencyP999Us,
    Spread? LatencyMaxUs,
    Spread? LatencyP99RatioToReference,
    Spread? BytesPerConnection,
    Spread? SlabBytesPerConnection,
    Spread? ConnectCpuUs,
    Spread? ConnectsPerSecond,
    Spread? CpuUsPerConnectionSecond,
    Spread? OthersCores,
    double? Faults,
    bool IsOverloaded = false)
{
    private const double OthersCoresMax = 0.1;

    /// <summary>Others used more than a tenth of a core in one of the rounds.</summary>
    [JsonIgnore]
    public bool IsNoisy => OthersCores?.Max > OthersCoresMax;
}

/// <summary>What was measured in runs that the constants do not know, all of one scenario taken as one long run.</summary>
/// <param name="Rounds">Runs of it.</param>
/// <param name="CpuPerSecond">Server CPU-seconds per second, as measured.</param>
internal sealed record ValidationRun(
    string Title,
    int Rounds,
    double Connections,
    double PublishesPerSecond,
    double FanOut,
    double CpuPerSecond,
    double CpuMin,
    double CpuMax);
