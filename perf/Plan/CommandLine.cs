using FastPush.Plan.Model;
using FastPush.Plan.Reporting;
using FastPush.Plan.Results;

namespace FastPush.Plan;

/// <summary>The subcommands. Exit codes: 0 done, 1 the p99 asked for cannot be reached, 2 bad input.</summary>
internal static class CommandLine
{
    public const int Done = 0;
    public const int Unreachable = 1;
    public const int BadInput = 2;

    private static readonly string s_reports = Path.Combine("perf", "reports");

    private const string Usage = """
        usage: fastpush report --input DIR --output DIR [--baseline FILE] [--server LABEL] [--reference LABEL]
                 from measured runs to a report: Markdown, diagrams, and the planner's constants as JSON
               fastpush summary [--report FILE] [--readme FILE]
                 a report in short, printed, or put between the marks of a README; FILE defaults to the newest in perf/reports
               fastpush plan --connections N --rate MESSAGES_PER_S --size BYTES --p99 MS [--groups-of N] [--heart-beat S]
                 [--report FILE] [--json] [--headroom SHARE] [--spare NODES] [--node-cores N] [--node-memory BYTES]
                 [--session S] [--packet BYTES] [--redis-connect N] [--redis-beat N] [--redis-message N] [--redis-relay N]
                 nodes, cores, memory, Redis, Kafka and network for a load; FILE defaults to the newest in perf/reports
        """;

    public static int Run(IReadOnlyList<string> args, TextWriter output, TextWriter errors)
    {
        try
        {
            switch (args.Count > 0 ? args[0] : null)
            {
                case "report":
                    return Report([.. args.Skip(1)], output);
                case "summary":
                    return Summarise([.. args.Skip(1)], output);
                case "plan":
                    return Plan([.. args.Skip(1)], output);
                case "help" or "--help" or "-h":
                    output.WriteLine(Usage);
                    return Done;
                default:
                    errors.WriteLine(Usage);
                    return BadInput;
            }
        }
        catch (Exception e) when (e is InputException or IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"fastpush: {e.Message}");
            return BadInput;
        }
    }

    private static int Report(IReadOnlyList<string> words, TextWriter output)
    {
        var arguments = new Arguments(words, ["--input", "--output", "--baseline", "--server", "--reference"], []);
        var server = arguments.Text("--server") ?? "fastpush";
        var reference = arguments.Text("--reference") ?? "floor";
        var (conditions, runs) = RunReader.ReadFolder(arguments.Required("--input"));
        var baseline = arguments.Text("--baseline") is { } file ? ReportDocument.Read(file) : null;
        var report = ReportBuilder.Build(conditions, runs, server, reference);
        foreach (var path in ReportFiles.Write(report, baseline, arguments.Required("--output")))
        {
            output.WriteLine(path);
        }

        return Done;
    }

    private static int Summarise(IReadOnlyList<string> words, TextWriter output)
    {
        var arguments = new Arguments(words, ["--report", "--readme"], []);
        var file = arguments.Text("--report") ?? ReportDocument.Newest(s_reports);
        var readme = arguments.Text("--readme");
        var folder = readme is null ? "." : Path.GetDirectoryName(Path.GetFullPath(readme))!;
        var link = Path.GetRelativePath(folder, Path.ChangeExtension(file, ".md")).Replace('\\', '/');
        var summary = ReportSummary.Write(ReportDocument.Read(file), link);
        if (readme is null)
        {
            output.Write(summary);
        }
        else
        {
            File.WriteAllText(readme, ReportSummary.Insert(File.ReadAllText(readme), summary));
            output.WriteLine(readme);
        }

        return Done;
    }

    private static int Plan(IReadOnlyList<string> words, TextWriter output)
    {
        var arguments = new Arguments(words, PlanOptions.Names, ["--json"]);
        var file = arguments.Text("--report") ?? ReportDocument.Newest(s_reports);
        var report = ReportDocument.Read(file);
        var plan = Planner.Plan(PlanOptions.Read(arguments, report), report, Path.GetFileName(file));
        output.Write(arguments.Has("--json") ? plan.ToJson() : plan.ToText());
        return plan.IsReachable ? Done : Unreachable;
    }
}
