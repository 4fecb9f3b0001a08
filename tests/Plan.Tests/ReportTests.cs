using System.Xml.Linq;
using FastPush.Plan.Model;
using FastPush.Plan.Reporting;

namespace FastPush.Plan.Tests;

public sealed class ReportTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void Constants_come_out_as_they_went_in()
    {
        using var folder = ResultFolder.Full();
        var constants = folder.Build().Constants;
        var send = Assert.Single(constants.Sends);
        Assert.Equal((50, 4), (send.Rate, Math.Round(send.Value, 3)));
        Assert.Equal(0.4, constants.Message!.Value, 0.001);
        Assert.Equal(12, constants.CoalescedMax!.Value);
        Assert.Equal([(1000, 50), (10_000, 20)], constants.Publishes.Select(p => (p.Rate, Math.Round(p.Value, 3))));
        Assert.Equal(90, constants.Connect!.Value, 0.001);
        Assert.Equal(0.5, constants.Idle!.Value, 0.001);
        // 0.9 us/s with beats, 0.5 without, a beat each 25 s.
        Assert.Equal(10, constants.HeartBeat!.Value, 0.001);
        Assert.Equal(60_000_000, constants.Process!.Value);
        Assert.Equal(4100, constants.Connection!.Value);
        Assert.Equal(4800, constants.Kernel!.Value);
        Assert.Equal(150, constants.Headers!.Value);
    }

    [Fact]
    public void Constants_do_not_know_the_validation_runs()
    {
        using var folder = ResultFolder.Full();
        var before = folder.Build();
        folder.Write("validation.jsonl", ResultFolder.Traffic("fastpush", "fanout", 300, 100, 0, 99, 1));
        var after = folder.Build();
        Assert.Equal(before.Constants, after.Constants);
        Assert.Equal(0.14, Assert.Single(before.Validation).CpuPerSecond, 1e-9);
        Assert.Equal(99 / 4.0, Assert.Single(after.Validation).CpuPerSecond, 1e-9);
        Assert.DoesNotContain(after.Scenarios, s => s.Scenario.Connections == 300);
    }

    [Fact]
    public void A_noisy_run_counts_only_where_there_is_no_other()
    {
        using var folder = ResultFolder.Full();
        var before = folder.Build();
        string Noisy(string run) => run.Replace("\"other_cpu_s\":0.1", "\"other_cpu_s\":0.5", StringComparison.Ordinal);
        folder.Write(
            "validation-noisy.jsonl",
            Noisy(ResultFolder.Traffic("fastpush", "fanout", 300, 100, 0, 99, 1)
                + ResultFolder.Traffic("fastpush", "direct", 9, 9, 0, 8, 1)));
        folder.Write("calibration-noisy.jsonl", Noisy(ResultFolder.Traffic("fastpush", "direct", 2000, 1000, 0, 99, 1)));
        var after = folder.Build();
        Assert.Equal(before.Constants, after.Constants);
        Assert.Equal([before.Validation[0].CpuPerSecond, 2], after.Validation.Select(run => run.CpuPerSecond).Order());
    }

    [Fact]
    public void Ratios_are_taken_within_a_round()
    {
        using var folder = ResultFolder.Full();
        var ratio = folder.Build().Scenarios.Single(s => s.Scenario.Rate == 50).Of("fastpush")!.RatioToReference!;
        Assert.Equal(new Spread(0.9, 0.8, 1), ratio with { Median = Math.Round(ratio.Median, 9), Min = Math.Round(ratio.Min, 9) });
    }

    [Fact]
    public void Targets_say_reached_missed_or_not_measured()
    {
        using var folder = ResultFolder.Full();
        var targets = folder.Build().Targets.ToDictionary(t => t.Name, t => t.Verdict);
        Assert.Equal("reached", targets["Fan-out, 50 messages/s: deliveries per CPU-second"]);
        Assert.Equal("not measured", targets["Direct, 10,000 messages/s: p99"]);
        Assert.Equal("not measured", targets["Idle memory a connection with TLS (PSS)"]);
        Assert.Equal("reached, goal missed", targets["Idle memory a connection (PSS)"]);
        Assert.Equal("reached, goal missed", targets["CPU to connect, RS256 token verified"]);
        Assert.Equal("reached", targets["Idle CPU a connection and second, heart-beats every 25 s"]);
    }

    [Fact]
    public void Targets_compare_runs_of_the_same_round()
    {
        using var folder = ResultFolder.Full();
        folder.Write(
            "measures.jsonl",
            Acknowledged(1.157) + Acknowledged(1.246) + Acknowledged(1.78)
            + ResultFolder.Traffic("fastpush", "fanout", 19_000, 10, 0, 3.8, 1)
            + ResultFolder.Traffic("floor", "fanout", 19_000, 10, 0, 3.8, 1)
            + ResultFolder.Traffic("fastpush", "fanout", 19_000, 200, 16, 1.1 * 0.7833333333 * 15.2, 12)
            + SlowReaders(100, 100, 105) + SlowReaders(180, 200, 240) + SlowReaders(80, 100, 108));
        var targets = folder.Build().Targets.ToDictionary(t => t.Name);
        var acked = targets["Acknowledged delivery, 50 messages/s: CPU against ack:auto"];
        Assert.Equal([1.3, 1.4, 2], acked.Rounds!.Select(ratio => Math.Round(ratio, 6)));
        Assert.Equal((1.4, "reached"), (Math.Round(acked.Measured!.Value, 6), acked.Verdict));
        var many = targets["A delivery's CPU with 19,000 subscribers against 1,000"];
        Assert.Equal((5 / 4.45, "reached"), (many.Measured!.Value, many.Verdict));
        Assert.Equal("1.12 x (floor: 1.40 x)", many.Shown);
        Assert.Equal(1.1, targets["A delivery's CPU with 19,000 subscribers against 1,000, 16 in flight"].Measured!.Value, 6);
        Assert.Null(acked.Control);
        var slow = targets["p99 of the others beside slow readers, against none, 80 messages/s"];
        Assert.Equal([1.05, 1.2, 1.08], slow.Rounds!.Select(ratio => Math.Round(ratio, 6)));
        Assert.Equal("reached (noisy)", slow.Verdict);
        Assert.Equal("1.08 x (none in both: 1.11 x)", slow.Shown);
        Assert.Equal("not measured", targets["Acknowledged delivery, 16 in flight: CPU against ack:auto"].Verdict);
    }

    [Fact]
    public void An_acknowledged_run_does_not_count_as_one_without()
    {
        using var folder = ResultFolder.Full();
        var before = folder.Build();
        folder.Write("acked.jsonl", Acknowledged(9));
        var after = folder.Build();
        Assert.Equal(before.Constants, after.Constants);
        Assert.Equal(before.Targets[0].Measured, after.Targets[0].Measured);
    }

    [Fact]
    public void All_servers_stand_in_one_table()
    {
        using var folder = ResultFolder.Full();
        folder.Write("peers.jsonl",
            ResultFolder.Traffic("slow", "fanout", 1000, 50, 0, 3.56, 1, delivered: 0.9)
            + ResultFolder.Traffic("slow", "direct", 2000, 10_000, 0, 4, 1, delivered: 0.98));
        ReportFiles.Write(folder.Build(), null, folder.Output);
        var text = File.ReadAllText(Path.Combine(folder.Output, "2026-01-02-0123456789ab.md"));
        Assert.Equal("249,688/s = 1", Cells(text, "## Servers compared", "floor")[1]);
        Assert.Equal(["fastpush", "0.90 (0.80–1.00) ×"], Cells(text, "## Servers compared", "fastpush")[..2]);
        var slow = Cells(text, "## Servers compared", "slow");
        Assert.Equal("0.18 × †", slow[1]);
        Assert.Equal(Figure.Unknown, slow[2]);
        Assert.DoesNotContain("†", slow[3], StringComparison.Ordinal);
        Assert.Equal("slow †", Cells(text, "## Fan-out to 1,000 subscribers, 50 messages/s", "slow †")[0]);
    }

    [Fact]
    public void A_report_of_one_server_compares_none()
    {
        using var folder = new ResultFolder();
        folder.Write("conditions.json", ResultFolder.Conditions);
        folder.Write("fanout.jsonl", ResultFolder.Traffic("fastpush", "fanout", 1000, 50, 0, 1, 1));
        Assert.Equal("", ServerComparison.Table(folder.Build()));
    }

    [Fact]
    public void A_summary_takes_the_place_of_the_last_one()
    {
        using var folder = ResultFolder.Full();
        ReportFiles.Write(folder.Build(), null, folder.Output);
        var readme = Path.Combine(folder.Path, "README.md");
        File.WriteAllText(readme, $"before\n{ReportSummary.Begin}\nold\n{ReportSummary.End}\nafter\n");
        string[] words = ["summary", "--report", ReportDocument.Newest(folder.Output), "--readme", readme];
        Assert.Equal(CommandLine.Done, CommandLine.Run(words, TextWriter.Null, TextWriter.Null));
        var text = File.ReadAllText(readme);
        Assert.StartsWith($"before\n{ReportSummary.Begin}\nMeasured on 2026-01-02", text, StringComparison.Ordinal);
        Assert.EndsWith($"|\n{ReportSummary.End}\nafter\n", text, StringComparison.Ordinal);
        Assert.Contains("[out/2026-01-02-0123456789ab.md](out/2026-01-02-0123456789ab.md)", text, StringComparison.Ordinal);
        Assert.Contains("| fastpush | 0.90 (0.80–1.00) ×", text, StringComparison.Ordinal);
        Assert.DoesNotContain("old", text, StringComparison.Ordinal);
        Assert.Equal(CommandLine.Done, CommandLine.Run(words, TextWriter.Null, TextWriter.Null));
        Assert.Equal(text, File.ReadAllText(readme));
    }

    [Fact]
    public void A_summary_without_marks_is_refused()
    {
        Assert.Throws<InputException>(() => ReportSummary.Insert($"{ReportSummary.End}\n{ReportSummary.Begin}\n", ""));
    }

    [Theory]
    [InlineData(true, 5001, "missed")]
    [InlineData(true, 5000, "reached, goal missed")]
    [InlineData(true, 4000, "reached")]
    [InlineData(false, 3999, "missed")]
    [InlineData(false, 4000, "reached, goal missed")]
    [InlineData(false, 5000, "reached")]
    public void A_verdict_keeps_to_its_limits(bool isAtMost, double measured, string verdict)
    {
        var (must, goal) = isAtMost ? (5000, 4000) : (4000, 5000);
        Assert.Equal(verdict, new TargetVerdict("", "", isAtMost, must, goal, measured, IsNoisy: false).Verdict);
    }

    [Fact]
    public void A_report_has_its_tables_and_diagrams()
    {
        using var folder = ResultFolder.Full();
        var paths = ReportFiles.Write(folder.Build(), null, folder.Output);
        var text = File.ReadAllText(Path.Combine(folder.Output, "2026-01-02-0123456789ab.md"));
        Assert.Contains("Test CPU, 4 cores", text, StringComparison.Ordinal);
        Assert.Contains("- server on core 0", text, StringComparison.Ordinal);
        Assert.Contains("make it so", text, StringComparison.Ordinal);
        var row = Cells(text, "## Fan-out to 1,000 subscribers, 50 messages/s", "fastpush");
        Assert.Equal("224,719", row[1]);
        Assert.Equal("0.90 (0.80–1.00) ×", row[2]);
        Assert.Equal("500", row[6]);
        Assert.Equal(["0", "3"], row[10..12]);
        Assert.Equal(Figure.Unknown, Cells(text, "## Direct to 2,000 users, 10,000 messages/s", "fastpush")[2]);
        var predicted = Cells(text, "## Prediction against measurement", "Fan-out to 300 subscribers, 100 messages/s");
        Assert.Equal("0.140 (0.140–0.140)", predicted[1]);
        foreach (var path in paths)
        {
            var name = Path.GetFileName(path);
            Assert.True(Path.GetExtension(name) != ".svg" || text.Contains($"({name})", StringComparison.Ordinal), $"{name} is not shown");
        }
    }

    [Fact]
    public void Diagrams_are_well_formed_and_have_titles()
    {
        using var folder = ResultFolder.Full();
        var diagrams = ReportFiles.MakeDiagrams(folder.Build());
        Assert.Contains(diagrams, d => d is { ScenarioId: "fanout-1000-50ps", Shows: "cpu" });
        Assert.Contains(diagrams, d => d is { ScenarioId: "fanout-1000-50ps", Shows: "latency" });
        Assert.Contains(diagrams, d => d is { ScenarioId: "idle-10000", Shows: "memory" });
        Assert.All(diagrams, diagram =>
        {
            var root = XDocument.Parse(diagram.Svg).Root!;
            Assert.Equal(s_svg + "svg", root.Name);
            Assert.NotEmpty(root.Element(s_svg + "title")!.Value);
            Assert.Contains("fastpush", root.Element(s_svg + "desc")!.Value, StringComparison.Ordinal);
            Assert.Contains("prefers-color-scheme: dark", root.Element(s_svg + "style")!.Value, StringComparison.Ordinal);
            Assert.DoesNotContain("NaN", diagram.Svg, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_report_reads_back_as_it_was_written()
    {
        using var folder = ResultFolder.Full();
        var report = folder.Build();
        ReportFiles.Write(report, null, folder.Output);
        var path = ReportDocument.Newest(folder.Output);
        Assert.Equal(report.ToJson(), ReportDocument.Read(path).ToJson());
    }

    [Fact]
    public void The_newest_is_of_the_last_day_and_then_of_the_last_time()
    {
        using var folder = ResultFolder.Full();
        var report = folder.Build() with { Time = "09:30" };
        foreach (var one in new[]
        {
            report, report with { Commit = "00first", Time = "21:05" }, report with { Commit = "zz", Time = null },
            report with { Date = "2025-12-31", Commit = "zzz", Time = "23:59" },
        })
        {
            ReportFiles.Write(one, null, folder.Output);
        }

        Assert.Equal("2026-01-02-00first.json", Path.GetFileName(ReportDocument.Newest(folder.Output)));
    }

    [Fact]
    public void A_baseline_shows_the_change()
    {
        using var folder = ResultFolder.Full();
        var report = folder.Build();
        ReportFiles.Write(report, report with { Commit = "before" }, folder.Output);
        var text = File.ReadAllText(Path.Combine(folder.Output, report.Name + ".md"));
        Assert.Equal("0.0 %", Cells(text, "## Against 2026-01-02-before", "Fan-out to 1,000 subscribers, 50 messages/s")[3]);
    }

    [Fact]
    public void Noise_is_said()
    {
        using var folder = ResultFolder.Full();
        var quiet = ResultFolder.Traffic("fastpush", "direct", 7, 7, 0, 1, 1);
        folder.Write("noise.jsonl", quiet.Replace("\"other_cpu_s\":0.1", "\"other_cpu_s\":0.5", StringComparison.Ordinal));
        ReportFiles.Write(folder.Build(), null, folder.Output);
        var text = File.ReadAllText(Path.Combine(folder.Output, "2026-01-02-0123456789ab.md"));
        var noisy = new TargetVerdict("", "", IsAtMost: true, 2, 1, 1, IsNoisy: true);
        Assert.Equal("reached (noisy)", noisy.Verdict);
        Assert.Equal("28.0", Cells(text, "## Direct to 7 users, 7 messages/s", "fastpush \\*")[1]);
    }

    private static string Acknowledged(double cpu) =>
        ResultFolder.Traffic("fastpush", "fanout", 1000, 50, 0, cpu, 1, extra: "\"ack\":\"client-individual\",");

    private static string SlowReaders(double control, double without, double with) => FormattableString.Invariant($$$"""
        {"scenario":"slow-readers","label":"fastpush","parameters":{"connections":500,"rate":80,"size":8192},
         "variants":[{"name":"control","latencyUs":{"count":1,"p99":{{{control}}} } },
         {"name":"without","latencyUs":{"count":1,"p99":{{{without}}} } },
         {"name":"with","latencyUs":{"count":1,"p99":{{{with}}} } }]}

        """);

    /// <summary>The cells of the row that begins with <paramref name="first"/>, in the section of that heading.</summary>
    private static string[] Cells(string text, string heading, string first)
    {
        var section = text[text.IndexOf(heading + "\n", StringComparison.Ordinal)..].Split("\n## ", 2)[0];
        return section.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Split('|').Skip(1).Select(cell => cell.Trim()).ToArray())
            .Single(cells => cells[0] == first);
    }
}
