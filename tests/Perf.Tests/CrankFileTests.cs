using FastPush.Load.Control;
using FastPush.Load.Run;

namespace FastPush.Perf.Tests;

public sealed class CrankFileTests
{
    private const string Sample = """
        variables: {port: 1, name: root}
        jobs:
          gateway:
            sources: {g: {localFolder: ../x}}
            executable: g/run
            arguments: "--port {{port}} --name {{name}}"
            readyStateText: listens
            variables: {name: job}
          load:
            executable: l/run
            waitForExit: true
            arguments: "{{name}}"
        scenarios:
          two:
            first: {job: gateway}
            second: {job: gateway, variables: {port: 2}}
            load: {job: load}
        profiles:
          local:
            jobs:
              first: {endpoints: ["http://127.0.0.1:5010"], variables: {name: profile}}
        """;

    private static readonly Dictionary<string, string> s_none = [];

    public static TheoryData<string> Files() =>
        new(Directory.GetFiles(Path.Combine(Repository.Root, "perf"), "*.crank.yml").Select(Path.GetFileName)!);

    [Fact]
    public void Variables_come_from_the_nearest_layer_and_the_command_line_wins()
    {
        var file = new CrankFile(Sample, "/folder/perf");
        var services = file.Services("two", "local", s_none);
        Assert.Equal(["--port 1 --name profile", "--port 2 --name job", "root"], services.Select(s => s.Arguments));
        Assert.Equal([false, false, true], services.Select(s => s.WaitForExit));
        Assert.Equal("/folder/x", services[0].Sources["g"]);
        Assert.Equal("listens", services[0].ReadyStateText);

        services = file.Services("two", "local", new Dictionary<string, string> { ["name"] = "cli" });
        Assert.Equal(["--port 1 --name cli", "--port 2 --name cli", "cli"], services.Select(s => s.Arguments));
    }

    [Fact]
    public void What_a_file_does_not_have_is_an_error()
    {
        var file = new CrankFile(Sample, "/");
        Assert.Throws<ScenarioFileException>(() => file.Services("three", "local", s_none));
        Assert.Throws<ScenarioFileException>(() => file.Services("two", "remote", s_none));
        Assert.Throws<ScenarioFileException>(() => file.Services("two", "local", new Dictionary<string, string> { ["nmae"] = "x" }));
        var odd = Sample.Replace("executable: l/run", "dockerFile: x", StringComparison.Ordinal);
        Assert.Equal(10, Assert.Throws<ScenarioFileException>(() => new CrankFile(odd, "/").Services("two", "local", s_none)).Line);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_scenario_file_says_what_the_tool_understands(string name)
    {
        var path = Path.Combine(Repository.Root, "perf", name);
        var scenario = name.Replace(".crank.yml", "", StringComparison.Ordinal);
        var services = new CrankFile(File.ReadAllText(path), Path.GetDirectoryName(path)!).Services(scenario, "local", s_none);
        var load = Assert.Single(services, s => s.WaitForExit);
        var words = load.Arguments.Split(' ');
        Assert.Equal(scenario, words[0]);
        Assert.Equal(services[^1], load);

        // A file's values are the tool's own defaults, so that both ways of starting it measure the same. Only a file knows what it starts.
        var defaults = Scenarios.Find(scenario)!;
        var read = OptionReader.Read(defaults, words[1..]);
        var expected = defaults with { Targets = read.Targets, KeyFolder = read.KeyFolder, Label = "fastpush" };
        Assert.Equal(expected with { PublishTarget = read.PublishTarget, Redis = read.Redis }, read);
        Target?[] all = [.. read.Targets, read.PublishTarget, read.Redis];
        Assert.Equal(services.Count - 1, all.Count(target => target is not null));
    }

    [Fact]
    public void Every_scenario_has_a_file() =>
        Assert.Equal(Scenarios.Names.Order(), Directory.GetFiles(Path.Combine(Repository.Root, "perf"), "*.crank.yml")
            .Select(f => Path.GetFileName(f).Replace(".crank.yml", "", StringComparison.Ordinal)).Order());
}
