using System.Text.Json;
using FastPush.Load.Measuring;
using FastPush.Redis.Testing;

namespace FastPush.Perf.Tests;

/// <summary>The scenario file of the relay itself, with two real gateways and a real Redis on ports of our own.</summary>
public sealed class RelaySmokeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fastpush-relay-tests-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Each_shape_is_measured_and_nothing_is_lost()
    {
        var file = Path.Combine(_folder.FullName, "relay.crank.yml");
        var json = Path.Combine(_folder.FullName, "result.json");
        var text = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "perf", "relay.crank.yml"));
        await File.WriteAllTextAsync(file, text
            .Replace("../artifacts/publish/gateway", Repository.Output("src/Gateway"), StringComparison.Ordinal)
            .Replace("../artifacts/publish/load", Repository.Output("perf/Load"), StringComparison.Ordinal)
            .Replace("/tmp/fastpush-load-keys", Path.Combine(_folder.FullName, "keys"), StringComparison.Ordinal)
            .Replace("18080", $"{Ports.Free()}", StringComparison.Ordinal)
            .Replace("18081", $"{Ports.Free()}", StringComparison.Ordinal)
            .Replace("16379", $"{Ports.Free()}", StringComparison.Ordinal)
            .Replace("--window {{window}}", "--window {{window}} --prewarm 0 --drain 60", StringComparison.Ordinal));
        // What is counted without traffic is subtracted, so the time for that is as long as the traffic's.
        var (code, output) = await LoadTool.ExecuteAsync(file, json, "connections=20", "rate=400", "duration=4", "warmup=1", "settle=4");
        Assert.True(code == 0, output);

        var result = JsonDocument.Parse(await File.ReadAllTextAsync(json)).RootElement;
        var variants = result.GetProperty("variants").EnumerateArray().ToList();
        Assert.Equal(["topic", "direct", "groups"], variants.Select(v => v.GetProperty("name").GetString()));
        Assert.All(variants, variant =>
        {
            var relay = variant.GetProperty("relay");
            Assert.True(relay.GetProperty("relayed").GetInt64() > 0, output);
            Assert.True(relay.GetProperty("redisCallsPerDelivery").GetDouble() > 0, output);
            Assert.True(relay.GetProperty("commandsPerMessage").TryGetProperty("publish", out _), output);
        });
        var (_, measurements) = CrankBlockTests.Parse(output);
        Assert.Contains("fastpush-load/relay/groups/redis-calls", measurements.Keys);
    }

    [Fact]
    public void What_Redis_counts_is_read_by_command()
    {
        const string Info = "# Commandstats\r\ncmdstat_publish:calls=12,usec=3\r\ncmdstat_client|setinfo:calls=1,usec=2\r\n";
        Assert.Equal(
            new Dictionary<string, long> { ["publish"] = 12, ["client|setinfo"] = 1 },
            RelayProbe.CommandsOf(Info));
    }
}
