using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace FastPush.Bench.Memory;

/// <summary>What the gate allows.</summary>
internal sealed record MemoryBaseline
{
    /// <summary>Memory of the gateway for each idle connection with one subscription, in bytes.</summary>
    public int BytesPerConnection { get; init; }
}

/// <summary>
/// Measures what an idle, subscribed connection costs the gateway's process, and compares it with the file that is checked in.
/// Five runs on a machine with ten times more work than cores differed by 0.2 %, so a twentieth needs no slack beside it.
/// </summary>
internal static class MemoryGate
{
    private const int WarmConnections = 1_000;
    private const int Connections = 3_000;
    private const int AtOnce = 32;
    private const double RiseMax = 1.05;
    private const int MeasurementsMax = 3;

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <summary>
    /// Exit code 0 when a connection costs no more than before. <paramref name="update"/> rewrites the file instead of comparing.
    /// </summary>
    public static async Task<int> RunAsync(bool update)
    {
        var path = RepositoryFiles.Path("bench/memory-baseline.json");
        var measured = await MeasureAsync();
        var baseline = JsonSerializer.Deserialize<MemoryBaseline>(await File.ReadAllTextAsync(path))!;
        var most = (int)(baseline.BytesPerConnection * RiseMax);

        // One pool thread more between the two readings makes as much; a real rise is there each time.
        for (var again = 1; again < MeasurementsMax && measured > most; again++)
        {
            measured = Math.Min(measured, await MeasureAsync());
        }

        if (update)
        {
            var text = JsonSerializer.Serialize(new MemoryBaseline { BytesPerConnection = measured }, s_json);
            await File.WriteAllTextAsync(path, text.ReplaceLineEndings("\n") + "\n");
            Console.WriteLine($"{measured} bytes for each connection written to {path}");
            return 0;
        }

        var isGood = measured <= most;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(isGood ? "memory gate" : "FAILED memory gate")}: {measured} bytes for each of {Connections} idle connections, {most} allowed"));
        return isGood ? 0 : 1;
    }

    private static async Task<int> MeasureAsync()
    {
        var keyPath = Path.GetTempFileName();
        var open = new List<Socket>();
        try
        {
            using var mint = new TokenMint();
            await File.WriteAllTextAsync(keyPath, mint.PublicKeyPem);
            using var gateway = await GatewayProcess.StartAsync(keyPath);

            // What the first connections make (compiled code, tables, the heap's first regions) is no connection's cost. They stay:
            // the memory that they would leave behind would hide what the next ones cost.
            await ConnectAsync(gateway, mint, "warm", WarmConnections, open);
            await gateway.WaitForSessionsAsync(WarmConnections);
            var before = await gateway.RestingBytesAsync();
            await ConnectAsync(gateway, mint, "user", Connections, open);
            await gateway.WaitForSessionsAsync(WarmConnections + Connections);
            var after = await gateway.RestingBytesAsync();
            return (int)((after - before) / Connections);
        }
        finally
        {
            CloseAll(open);
            File.Delete(keyPath);
        }
    }

    private static async Task ConnectAsync(GatewayProcess gateway, TokenMint mint, string name, int count, List<Socket> open)
    {
        for (var from = 0; from < count; from += AtOnce)
        {
            var users = Enumerable.Range(from, Math.Min(AtOnce, count - from));
            var tokens = users.Select(i => mint.Token(string.Create(CultureInfo.InvariantCulture, $"{name}{i:D5}")));
            open.AddRange(await Task.WhenAll(tokens.Select(token => IdleClient.ConnectAsync(gateway.EndPoint, token))));
        }
    }

    private static void CloseAll(List<Socket> open)
    {
        open.ForEach(socket => socket.Dispose());
        open.Clear();
    }
}
