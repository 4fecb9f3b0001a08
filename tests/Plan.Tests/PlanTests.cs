using System.Text.Json;
using System.Text.Json.Nodes;
using FastPush.Plan.Model;

namespace FastPush.Plan.Tests;

public sealed class PlanTests : IDisposable
{
    private const string Base = "--connections 1000000 --rate 100000 --size 128 --p99 50 --groups-of 10";
    private readonly ResultFolder _folder = ResultFolder.Full();
    private readonly string _report;

    public PlanTests()
    {
        Run($"report --input {_folder.Path} --output {_folder.Output}");
        _report = Path.Combine(_folder.Output, "2026-01-02-0123456789ab.json");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Cores_hold_the_load_within_the_headroom_and_one_node_less_does_not()
    {
        var figures = Figures(Base);
        var options = Options(Base);
        var model = new CostModel(_folder.Build().Constants);
        double Use(double nodes)
        {
            var core = Planner.PerCore(options, Planner.NodeLoad(options, nodes));
            return model.Cpu(core, model.Coalesced(core.PublishesPerSecond, core.FanOut, core.Connections)).Total;
        }

        var working = figures["nodes"] - 1;
        Assert.InRange(Use(working), 0, 0.6);
        Assert.True(Use(working - 1) > 0.6);
        Assert.Equal(figures["coreUsePercent"], 100 * Use(working), 1e-9);
        Assert.Equal(figures["nodes"] * 4, figures["cores"]);
    }

    [Fact]
    public void A_small_load_by_hand()
    {
        var figures = Figures("--connections 1000 --rate 1000 --size 100 --p99 10 --heart-beat 0 --node-cores 1");
        Assert.Equal(2, figures["nodes"]);
        // 1,000 messages/s of 50 us and as many sends of 4.4 us, 1000 / 3600 connects/s of 90 us, 1,000 connections of 0.5 us.
        Assert.Equal(100 * ((1000 * 54.4) + (90 / 3.6) + 500) / 1e6, figures["coreUsePercent"], 0.01);
        // 1,000 deliveries/s for 10 ms of 250 bytes are on their way.
        Assert.Equal((60e6 + (1000 * 4100) + (1000 * 0.01 * 250)) / 1e6, figures["processMegabytesPerNode"], 1e-6);
        Assert.Equal(4.8, figures["kernelMegabytesPerNode"], 1e-9);
        Assert.Equal((1000 / 3600.0 * 6) + (1000 * 2), figures["redisOperationsPerSecond"], 1e-6);
        Assert.Equal(2, figures["kafkaPartitions"]);
        Assert.Equal(1000 * (100 + 150 + 66) * 8 / 1e6, figures["networkMegabitsPerSecond"], 0.01);
        // 500 us alone, 54.4 us of work at 60 % of a core.
        Assert.Equal(0.5 + (0.0544 * (1 + (Math.Log(60) / 0.4))), figures["p99Ms"], 0.0001);
    }

    [Theory]
    [InlineData("sends", "coreUsePercent")]
    [InlineData("message", "coreUsePercent")]
    [InlineData("publishes", "kafkaPartitions")]
    [InlineData("publishes", "coreUsePercent", "20000")]
    [InlineData("publishes", "coreUsePercent", "20000", "rate")]
    [InlineData("connect", "coreUsePercent")]
    [InlineData("idle", "coreUsePercent")]
    [InlineData("heartBeat", "coreUsePercent")]
    [InlineData("process", "processMegabytesPerNode")]
    [InlineData("connection", "processMegabytesPerNode")]
    [InlineData("kernel", "kernelMegabytesPerNode")]
    [InlineData("headers", "networkMegabitsPerSecond")]
    [InlineData("latencyP99", "p99Ms")]
    public void Figures_follow_the_constants_of_the_report(string constant, string figure, string rate = "100000", string member = "value")
    {
        var load = Base.Replace("--rate 100000", $"--rate {rate}", StringComparison.Ordinal);
        var before = Figures(load)[figure];
        var report = JsonNode.Parse(File.ReadAllText(_report))!;
        var changed = report["constants"]![constant]!;
        foreach (var part in changed is JsonArray points ? points.OfType<JsonNode>() : [changed])
            part[member] = 1.5 * part[member]!.GetValue<double>();
        File.WriteAllText(_report, report.ToJsonString());
        Assert.NotEqual(before, Figures(load)[figure]);
    }

    [Theory]
    [InlineData("--headroom 0.3", "cores")]
    [InlineData("--spare 3", "nodes")]
    [InlineData("--node-cores 16", "nodes")]
    [InlineData("--node-memory 200000000", "nodes")]
    [InlineData("--session 60", "redisOperationsPerSecond")]
    [InlineData("--heart-beat 5", "redisOperationsPerSecond")]
    [InlineData("--packet 0", "networkMegabitsPerSecond")]
    [InlineData("--redis-connect 60", "redisOperationsPerSecond")]
    [InlineData("--redis-beat 0", "redisOperationsPerSecond")]
    [InlineData("--redis-message 1", "redisOperationsPerSecond")]
    [InlineData("--redis-relay 0", "redisOperationsPerSecond")]
    public void Figures_follow_the_assumptions(string option, string figure) =>
        Assert.NotEqual(Figures(Base)[figure], Figures($"{Base} {option}")[figure]);

    [Fact]
    public void The_text_has_the_figures_and_all_assumptions()
    {
        var (code, text, _) = Run($"plan {Base} --report {_report}");
        Assert.Equal(CommandLine.Done, code);
        Assert.Matches(@"\| Nodes +\| [0-9]+ ", text);
        Assert.Contains("2026-01-02-0123456789ab.json", text, StringComparison.Ordinal);
        var widths = text.Split('\n').Where(line => line.StartsWith('|')).Select(line => line.Length).Distinct();
        Assert.Single(widths);
        foreach (var assumed in new[] { "60 %", "1 spare", "4 cores", "8 GB", "3,600 s", "25 s", "66 B", "6 a connection", "2 a message" })
            Assert.Contains(assumed, text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tighter_p99_takes_more_cores_until_it_cannot_be_reached()
    {
        var loose = Figures(Base);
        var tight = Figures(Base.Replace("--p99 50", "--p99 1.0", StringComparison.Ordinal));
        Assert.True(tight["cores"] > loose["cores"]);
        Assert.True(tight["p99Ms"] <= 1.0);
        var (code, text, _) = Run($"plan {Base.Replace("--p99 50", "--p99 0.1", StringComparison.Ordinal)} --report {_report}");
        Assert.Equal(CommandLine.Unreachable, code);
        Assert.Contains("not reachable", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "usage")]
    [InlineData("fly", "usage")]
    [InlineData("plan", "--connections is missing")]
    [InlineData("plan --connections 10 --rate 1 --size 1", "--p99 is missing")]
    [InlineData("plan --connections many --rate 1 --size 1 --p99 1", "--connections is 'many'")]
    [InlineData("plan --connections 1.5 --rate 1 --size 1 --p99 1", "whole")]
    [InlineData("plan --connections 10 --rate -1 --size 1 --p99 1", "--rate is '-1'")]
    [InlineData("plan --connections 10 --rate 1 --size 1 --p99 1 --groups-of 11", "--groups-of")]
    [InlineData("plan --connections 10 --rate 1 --size 1 --p99 1 --headroom 1", "--headroom")]
    [InlineData("plan --connections 10 --rate NaN --size 1 --p99 1", "--rate is 'NaN'")]
    [InlineData("plan --connections 10 --rate 1 --size 1 --p99", "--p99 needs a value")]
    [InlineData("plan --connections 10 --connections 10", "twice")]
    [InlineData("plan --conections 10", "--conections")]
    [InlineData("plan --connections 100000 --rate 1 --size 1 --p99 10 --node-memory 1000", "no fleet")]
    [InlineData("report --input nowhere --output x", "nowhere")]
    public void Bad_input_is_said_with_exit_code_2(string line, string said)
    {
        var isPlan = line.StartsWith("plan", StringComparison.Ordinal);
        var (code, output, errors) = Run(isPlan ? line.Replace("plan", $"plan --report {_report}", StringComparison.Ordinal) : line);
        Assert.Equal((CommandLine.BadInput, ""), (code, output));
        Assert.Contains(said, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_of_the_first_format_gives_the_same_plan()
    {
        var before = Figures(Base);
        var report = JsonNode.Parse(File.ReadAllText(_report))!;
        var constants = report["constants"]!.AsObject();
        var publishes = constants["publishes"]!.AsArray();
        constants["send"] = Constant(constants["sends"]![0]!, "value");
        constants["publishLow"] = Constant(publishes[0]!, "value");
        constants["publishRateLow"] = Constant(publishes[0]!, "rate");
        constants["publishHigh"] = Constant(publishes[1]!, "value");
        constants["publishRateHigh"] = Constant(publishes[1]!, "rate");
        constants.Remove("sends");
        constants.Remove("publishes");
        report["format"] = 1;
        File.WriteAllText(_report, report.ToJsonString());
        Assert.Equal(before, Figures(Base));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{ "format": 99 }""")]
    [InlineData("not json")]
    public void An_unknown_report_is_bad_input(string? text)
    {
        if (text is null)
            File.Delete(_report);
        else
            File.WriteAllText(_report, text);
        var (code, _, errors) = Run($"plan {Base} --report {_report}");
        Assert.Equal(CommandLine.BadInput, code);
        Assert.Contains(_report, errors, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Errors) Run(string line)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = CommandLine.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), output, errors);
        return (code, output.ToString(), errors.ToString());
    }

    private static JsonObject Constant(JsonNode point, string member) =>
        new() { ["value"] = point[member]!.DeepClone(), ["unit"] = "", ["from"] = "" };

    private PlanOptions Options(string line) => PlanOptions.Read(new Arguments(line.Split(' '), PlanOptions.Names, []), _folder.Build());

    private Dictionary<string, double> Figures(string line)
    {
        var (code, output, errors) = Run($"plan {line} --json --report {_report}");
        Assert.True(code == CommandLine.Done, errors);
        using var json = JsonDocument.Parse(output);
        return json.RootElement.GetProperty("figures").EnumerateObject()
            .ToDictionary(f => f.Name, f => f.Value.GetProperty("value").GetDouble());
    }
}
