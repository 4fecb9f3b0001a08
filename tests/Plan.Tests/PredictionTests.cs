using FastPush.Plan.Model;
using FastPush.Plan.Reporting;

namespace FastPush.Plan.Tests;

/// <summary>The model against measured runs that its constants do not know, for every report of the repository.</summary>
public sealed class PredictionTests
{
    private const double OffMax = 0.15;

    public static TheoryData<string, string> Runs
    {
        get
        {
            var runs = new TheoryData<string, string>();
            foreach (var path in Directory.EnumerateFiles(ReportsFolder(), "*.json").Order(StringComparer.Ordinal))
            {
                foreach (var run in ReportDocument.Read(path).Validation)
                    runs.Add(Path.GetFileName(path), run.Title);
            }

            return runs;
        }
    }

    [Fact]
    public void There_is_a_report_with_fan_out_and_direct_runs_to_check_by()
    {
        var report = ReportDocument.Read(ReportDocument.Newest(ReportsFolder()));
        Assert.Contains(report.Validation, run => run.FanOut > 1);
        Assert.Contains(report.Validation, run => run.FanOut == 1);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void A_measured_run_is_predicted_within_15_percent(string file, string title)
    {
        var report = ReportDocument.Read(Path.Combine(ReportsFolder(), file));
        var run = report.Validation.Single(v => v.Title == title);
        var predicted = new CostModel(report.Constants).PredictRun(run);
        var off = Math.Abs((predicted / run.CpuPerSecond) - 1);
        Assert.True(
            off <= OffMax,
            FormattableString.Invariant($"{predicted:0.0000} CPU-seconds/s predicted, {run.CpuPerSecond:0.0000} measured: {off:P1} off"));
    }

    private static string ReportsFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FastPush.sln")))
                return Path.Combine(folder.FullName, "perf", "reports");
        }

        throw new InvalidOperationException($"no FastPush.sln above {AppContext.BaseDirectory}");
    }
}
