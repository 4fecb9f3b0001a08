using System.Diagnostics;
using System.Text.Json;
using FastPush.Redis.Testing;

namespace FastPush.Perf.Tests;

/// <summary>The real tool against a real gateway, through a scenario file as the local runner reads it.</summary>
internal sealed class LoadTool : IDisposable
{
    private const string Sample = """
        variables:
          port: @port@
          keys: @keys@
          own: "@endpoint@ --FastPush:Drain:ReadinessMs=0"
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
            arguments: "@scenario@ --url @scheme@://127.0.0.1:{{port}}/stomp --keys {{keys}} @options@"
        scenarios:
          @scenario@: {application: {job: gateway}, load: {job: load}}
        profiles:
          local: {}
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fastpush-perf-tests-");

    /// <summary>Where its files are; goes with it.</summary>
    public string Folder => _folder.FullName;

    public void Dispose() => _folder.Delete(recursive: true);

    private string JsonPath => Path.Combine(Folder, "result.json");

    /// <summary>The result of the last run.</summary>
    public async Task<JsonElement> ReadAsync() => JsonDocument.Parse(await File.ReadAllTextAsync(JsonPath)).RootElement;

    /// <summary>Runs a scenario with the options behind its name; the tool's exit code and what it printed.</summary>
    public async Task<(int Code, string Output)> RunAsync(
        string scenario, string arguments, string scheme = "ws", string endpoint = "--urls http://127.0.0.1:@port@")
    {
        var load = Repository.Output("perf/Load");
        var keys = Path.Combine(Folder, "keys");
        var words = arguments.Split(' ', 2);
        var file = Path.Combine(Folder, $"{scenario}.crank.yml");
        await File.WriteAllTextAsync(file, Sample
            .Replace("@keys@", keys, StringComparison.Ordinal)
            .Replace("@gateway@", Repository.Output("src/Gateway"), StringComparison.Ordinal)
            .Replace("@load@", load, StringComparison.Ordinal)
            .Replace("@scenario@", scenario, StringComparison.Ordinal)
            .Replace("@options@", words[1], StringComparison.Ordinal)
            .Replace("@scheme@", scheme, StringComparison.Ordinal)
            .Replace("@endpoint@", endpoint, StringComparison.Ordinal)
            .Replace("@port@", $"{Ports.Free()}", StringComparison.Ordinal));
        return await ExecuteAsync(file, JsonPath);
    }

    /// <summary>Runs a scenario file with these variables (<c>NAME=VALUE</c>); the tool's exit code and what it printed.</summary>
    public static async Task<(int Code, string Output)> ExecuteAsync(string file, string json, params string[] variables)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Output("perf/Load"), "fastpush-load"))
        {
            ArgumentList = { "run", file, "--json", json },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var variable in variables)
        {
            start.ArgumentList.Add("--variable");
            start.ArgumentList.Add(variable);
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors);
    }
}
