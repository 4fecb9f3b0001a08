using FastPush.Plan.Results;

namespace FastPush.Plan.Tests;

public sealed class ResultReadingTests
{
    private const string Load = """
        {
          "version": 1, "scenario": "ack", "label": "fastpush", "started": "2026-03-04T05:06:07+00:00", "commit": "abc", "new": [1],
          "machine": { "cpuModel": "M", "cores": 2, "memoryBytes": 4000, "kernel": "K" },
          "parameters": { "connections": 500, "rate": 50, "window": 0, "size": 128, "heartBeatMs": 0, "tokens": true },
          "seconds": 5, "published": 250, "deliveries": 125000, "perCpuSecond": 100000,
          "deliveriesPerReceive": 1.5, "wireBytesPerDelivery": 280.5,
          "server": { "cpuSeconds": 1.25, "pssBytesBefore": 9, "bytesPerConnection": 10, "slabBytesPerConnection": 11 },
          "client": { "otherCpuSeconds": 0.25 },
          "latencyUs": { "count": 3, "p50": 1, "p90": 2, "p99": 3, "p999": 4, "max": 5 },
          "faults": { "lost": 1, "duplicated": 2, "outOfOrder": 3, "misrouted": 4, "connectFailed": 5, "dropped": 6 },
          "connect": { "count": 500, "ratePerSecond": 1000, "cpuUsPerConnection": 88 }
        }
        """;

    [Fact]
    public void A_result_of_the_load_tool_is_read()
    {
        var (conditions, runs) = Read("a.json", Load);
        Assert.Equal(("2026-03-04", "abc", new Machine("M", 2, 4000, "K")), (conditions.Date, conditions.Commit, conditions.Machine));
        var run = Assert.Single(runs);
        Assert.Equal(new Scenario("ack", 500, 50, 0, 128, 0, IsTls: false, ""), run.Scenario);
        Assert.Equal(("fastpush", true, false), (run.Label, run.HasTokens, run.IsValidation));
        Assert.Equal((5, 250, 125000, 100000), (run.Seconds, run.Published, run.Deliveries, run.PerCpuSecond));
        Assert.Equal((1.25, 0.25), (run.CpuSeconds, run.CpuPerSecond));
        Assert.Equal(new Latency(1, 2, 3, 4, 5), run.LatencyUs);
        Assert.Equal((1, 2, 3, 4, 11), (run.Lost, run.Duplicated, run.OutOfOrder, run.Misrouted, run.FailedConnections));
        Assert.Equal((1.5, 280.5), (run.DeliveriesPerReceive, run.WireBytes));
        Assert.Equal((9, 10, 88, 0.05), (run.ProcessBytes, run.BytesPerConnection, run.ConnectCpuUs, run.OthersCores));
    }

    [Fact]
    public void Variants_are_runs_of_their_own()
    {
        var variants = """
            "variants": [ { "name": "auto", "deliveries": 1000000, "cpuPerDeliveryUs": 5, "wireBytesPerDelivery": 270,
                            "latencyUs": { "p99": 7 } },
                          { "name": "client-individual", "deliveries": 500000, "cpuPerDeliveryUs": 8, "wireBytesPerDelivery": 290,
                            "latencyUs": { "p99": 9 } } ],
            """;
        var (_, runs) = Read("a.json", Load.Replace("\"new\": [1],", variants, StringComparison.Ordinal));
        Assert.Equal(["auto", "client-individual"], runs.Select(r => r.Scenario.Variant));
        Assert.Equal([5.0, 8.0], runs.Select(r => Math.Round(r.CpuUsPerDelivery!.Value, 6)));
        Assert.Equal([270.0, 290.0], runs.Select(r => r.WireBytes!.Value));
        Assert.All(runs, r => Assert.Null(r.DeliveriesPerReceive));
        Assert.Equal([7.0, 9.0], runs.Select(r => r.LatencyUs.P99!.Value));
    }

    [Fact]
    public void What_a_result_lacks_is_unknown()
    {
        var run = Assert.Single(Read("a.json", """{ "scenario": "fanout", "label": "bun" }""").Runs);
        Assert.Null(run.PerCpuSecond);
        Assert.Null(run.CpuPerSecond);
        Assert.Null(run.LatencyUs.P99);
        Assert.Null(run.FailedConnections);
    }

    [Theory]
    [InlineData("validation-fanout.jsonl", true, false)]
    [InlineData("calibration-fanout.jsonl", false, true)]
    [InlineData("fanout-validation.jsonl", false, false)]
    public void The_name_says_what_a_run_is_for(string name, bool isValidation, bool isCalibration)
    {
        var run = Assert.Single(Read(name, ResultFolder.Traffic("fastpush", "fanout", 10, 50, 0, 1, 1)).Runs);
        Assert.Equal((isValidation, isCalibration), (run.IsValidation, run.IsCalibration));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("""{ "other": 1 }""")]
    [InlineData("""{ "tool": "wsload" }""")]
    public void What_is_no_result_is_an_error(string text) => Assert.Throws<InputException>(() => Read("a.json", text));

    [Fact]
    public void An_empty_folder_is_an_error()
    {
        using var folder = new ResultFolder();
        Assert.Throws<InputException>(() => RunReader.ReadFolder(folder.Path));
        Assert.Throws<InputException>(() => RunReader.ReadFolder(folder.Output));
    }

    private static (Conditions Conditions, IReadOnlyList<MeasuredRun> Runs) Read(string name, string text)
    {
        using var folder = new ResultFolder();
        folder.Write(name, text);
        return RunReader.ReadFolder(folder.Path);
    }
}
