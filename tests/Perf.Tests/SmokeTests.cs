using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FastPush.Perf.Tests;

/// <summary>Each scenario once, short: what is counted is right.</summary>
public sealed class SmokeTests : IDisposable
{
    // What is still under way is waited for, however long the machine stands still.
    private const string AtOnce = "--drain 60 --warmup 0 --prewarm 0 --settle 0";

    private readonly LoadTool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Theory]
    [InlineData("fanout", "--connections 20 --rate 50", 200 * 20)]
    [InlineData("fanout", "--connections 20 --rate 25 --transport sse --publish http --publishers 5", 100 * 20)]
    [InlineData("groups", "--connections 20 --rate 50 --processes 2 --sources 2 --heart-beat 1000", 100 + (100 * 10))]
    public async Task Nothing_is_lost(string scenario, string options, int deliveries)
    {
        var (code, output) = await _tool.RunAsync(scenario, $"{scenario} {options} --duration 4 {AtOnce}");
        Assert.True(code == 0, output);
        var result = await _tool.ReadAsync();
        Assert.Equal(0, result.GetProperty("faults").GetProperty("lost").GetInt64());
        Assert.Equal(deliveries, result.GetProperty("latencyUs").GetProperty("count").GetInt64());
        Assert.True(result.GetProperty("server").GetProperty("cpuSeconds").GetDouble() > 0);
        // 128 or 100 bytes of payload, and headers that are neither missing nor longer than the payload twice.
        Assert.InRange(result.GetProperty("wireBytesPerDelivery").GetDouble(), 130, 384);
        Assert.InRange(result.GetProperty("deliveriesPerReceive").GetDouble(), 0.5, deliveries);
        var (_, measurements) = CrankBlockTests.Parse(output);
        Assert.Equal(0, measurements["fastpush-load/faults/messages"]);
    }

    [Fact]
    public async Task A_storm_ends_with_all_back_and_nothing_lost()
    {
        var (code, output) = await _tool.RunAsync(
            "storm", $"storm --connections 40 --observers 5 --rate 100 --duration 1 {AtOnce}");
        Assert.True(code == 0, output);
        var storm = (await _tool.ReadAsync()).GetProperty("storm");
        Assert.Equal(40, storm.GetProperty("count").GetInt32());
        Assert.True(storm.GetProperty("othersBeforeUs").GetProperty("count").GetInt64() > 0);
    }

    [Fact]
    public async Task Acknowledged_and_automatic_deliveries_are_measured_in_one_run()
    {
        var (code, output) = await _tool.RunAsync("ack", $"ack --connections 20 --rate 25 --duration 4 {AtOnce}");
        Assert.True(code == 0, output);
        var variants = (await _tool.ReadAsync()).GetProperty("variants").EnumerateArray().ToList();
        Assert.Equal(["auto", "client-individual"], variants.Select(v => v.GetProperty("name").GetString()));
        Assert.All(variants, v => Assert.Equal(2000, v.GetProperty("latencyUs").GetProperty("count").GetInt64()));
        // Only what is to be acknowledged has the header "ack".
        var bytes = variants.ConvertAll(v => v.GetProperty("wireBytesPerDelivery").GetDouble());
        Assert.InRange(bytes[1] - bytes[0], 5, 30);
        Assert.All(variants, v => Assert.InRange(v.GetProperty("deliveriesPerReceive").GetDouble(), 0.5, 2000));
    }

    [Fact]
    public async Task Idle_connections_over_TLS_are_measured()
    {
        var (certificate, key) = WriteCertificate();
        var (code, output) = await _tool.RunAsync(
            "idle",
            "idle --connections 20 --duration 0.1 --settle 0",
            "wss",
            "--Kestrel:Endpoints:Https:Url=https://127.0.0.1:@port@ --Kestrel:Endpoints:Https:Protocols=Http1"
            + $" --Kestrel:Endpoints:Https:Certificate:Path={certificate} --Kestrel:Endpoints:Https:Certificate:KeyPath={key}");
        Assert.True(code == 0, output);
        var result = await _tool.ReadAsync();
        Assert.True(result.GetProperty("parameters").GetProperty("tls").GetBoolean());
        Assert.Equal(20, result.GetProperty("connect").GetProperty("count").GetInt32());
        // Of 20 connections; what the process gives back meanwhile can be more than they cost.
        var server = result.GetProperty("server");
        var (before, after) = (server.GetProperty("pssBytesBefore").GetInt64(), server.GetProperty("pssBytesAfter").GetInt64());
        Assert.True(before > 0);
        Assert.Equal((after - before) / 20.0, server.GetProperty("bytesPerConnection").GetDouble(), tolerance: 1.0);
    }

    [Fact]
    public async Task Refused_connections_over_TLS_make_the_exit_code_1()
    {
        // Nothing there speaks TLS.
        var (code, _) = await _tool.RunAsync("idle", "idle --connections 2 --duration 0.1 --settle 0", "wss");
        Assert.Equal(1, code);
        Assert.Equal(2, (await _tool.ReadAsync()).GetProperty("faults").GetProperty("connectFailed").GetInt32());
    }

    [Fact]
    public async Task Connections_that_are_refused_make_the_exit_code_1()
    {
        var (code, _) = await _tool.RunAsync(
            "fanout", "fanout --no-token --connections 2 --duration 0.1 --warmup 0 --prewarm 0 --settle 0");
        Assert.Equal(1, code);
        var faults = (await _tool.ReadAsync()).GetProperty("faults");
        Assert.Equal(3, faults.GetProperty("connectFailed").GetInt64());
        Assert.Contains("unauthorized", faults.GetProperty("firstError").GetString(), StringComparison.Ordinal);
    }

    /// <summary>A certificate of our own making and its key, as files.</summary>
    private (string Certificate, string Key) WriteCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        var paths = (Path.Combine(_tool.Folder, "tls.crt"), Path.Combine(_tool.Folder, "tls.key"));
        File.WriteAllText(paths.Item1, certificate.ExportCertificatePem());
        File.WriteAllText(paths.Item2, key.ExportPkcs8PrivateKeyPem());
        return paths;
    }
}
