using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace FastPush.Perf.Tests;

/// <summary>The real tool against a real gateway, through a scenario file as the local runner reads it.</summary>
public sealed class SmokeTests : IDisposable
{
    private const string Sample = """
        variables:
          port: @port@
          keys: @keys@
          own: "--urls http://127.0.0.1:@port@ --FastPush:Drain:ReadinessMs=0"
          jwt: "--FastPush:Jwt:PublicKeyPath=@keys@/pub.pem --FastPush:Jwt:Issuer=fastpush-load --FastPush:Jwt:Audience=fastpush"
        jobs:
          gateway:
            sources: {gateway: {localFolder: @gateway@}, load: {localFolder: @load@}}
            beforeScript: "load/fastpush-load keys {{keys}}"
            executable: gateway/FastPush.Gateway
            arguments: "{{own}} {{jwt}}"
            readyStateText: listens on
          load:
            sources: {load: {localFolder: @load@}}
            executable: load/fastpush-load
            waitForExit: true
            arguments: "@scenario@ --url ws://127.0.0.1:{{port}}/stomp --keys {{keys}} @options@"
        scenarios:
          @scenario@: {application: {job: gateway}, load: {job: load}}
        profiles:
          local: {}
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fastpush-perf-tests-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("fanout", "--connections 20 --rate 100", 200 * 20)]
    [InlineData("fanout", "--connections 20 --rate 50 --transport sse --publish http", 100 * 20)]
    [InlineData("groups", "--connections 20 --rate 100 --processes 2 --sources 2 --heart-beat 1000", 100 + (100 * 10))]
    public async Task Nothing_is_lost(string scenario, string options, int deliveries)
    {
        var (code, output) = await RunAsync(scenario, $"{scenario} {options} --duration 2 --warmup 0 --prewarm 0 --settle 0");
        Assert.True(code == 0, output);
        var result = await ReadAsync();
        Assert.Equal(0, result.GetProperty("faults").GetProperty("lost").GetInt64());
        Assert.Equal(deliveries, result.GetProperty("latencyUs").GetProperty("count").GetInt64());
        Assert.True(result.GetProperty("server").GetProperty("cpuSeconds").GetDouble() > 0);
        var (_, measurements) = CrankBlockTests.Parse(output);
        Assert.Equal(0, measurements["fastpush-load/faults/messages"]);
    }

    [Fact]
    public async Task A_storm_ends_with_all_back_and_nothing_lost()
    {
        var (code, output) = await RunAsync(
            "storm", "storm --connections 40 --observers 5 --rate 100 --duration 1 --warmup 0 --prewarm 0 --settle 0");
        Assert.True(code == 0, output);
        var storm = (await ReadAsync()).GetProperty("storm");
        Assert.Equal(40, storm.GetProperty("count").GetInt32());
        Assert.True(storm.GetProperty("othersBeforeUs").GetProperty("count").GetInt64() > 0);
    }

    [Fact]
    public async Task Acknowledged_and_automatic_deliveries_are_measured_in_one_run()
    {
        var (code, output) = await RunAsync("ack", "ack --connections 20 --rate 100 --duration 1 --warmup 0 --prewarm 0 --settle 0");
        Assert.True(code == 0, output);
        var variants = (await ReadAsync()).GetProperty("variants").EnumerateArray().ToList();
        Assert.Equal(["auto", "client-individual"], variants.Select(v => v.GetProperty("name").GetString()));
        Assert.All(variants, v => Assert.Equal(2000, v.GetProperty("latencyUs").GetProperty("count").GetInt64()));
    }

    [Fact]
    public async Task Connections_that_are_refused_make_the_exit_code_1()
    {
        var (code, _) = await RunAsync("fanout", "fanout --no-token --connections 2 --duration 0.1 --warmup 0 --prewarm 0 --settle 0");
        Assert.Equal(1, code);
        var faults = (await ReadAsync()).GetProperty("faults");
        Assert.Equal(3, faults.GetProperty("connectFailed").GetInt64());
        Assert.Contains("unauthorized", faults.GetProperty("firstError").GetString(), StringComparison.Ordinal);
    }

    private string JsonPath => Path.Combine(_folder.FullName, "result.json");

    private async Task<JsonElement> ReadAsync() => JsonDocument.Parse(await File.ReadAllTextAsync(JsonPath)).RootElement;

    private async Task<(int Code, string Output)> RunAsync(string scenario, string arguments)
    {
        var load = Repository.Output("perf/Load");
        var keys = Path.Combine(_folder.FullName, "keys");
        var words = arguments.Split(' ', 2);
        var file = Path.Combine(_folder.FullName, $"{scenario}.crank.yml");
        await File.WriteAllTextAsync(file, Sample
            .Replace("@keys@", keys, StringComparison.Ordinal)
            .Replace("@gateway@", Repository.Output("src/Gateway"), StringComparison.Ordinal)
            .Replace("@load@", load, StringComparison.Ordinal)
            .Replace("@scenario@", scenario, StringComparison.Ordinal)
            .Replace("@options@", words[1], StringComparison.Ordinal)
            .Replace("@port@", $"{FreePort()}", StringComparison.Ordinal));
        var start = new ProcessStartInfo(Path.Combine(load, "fastpush-load"))
        {
            ArgumentList = { "run", file, "--json", JsonPath },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
