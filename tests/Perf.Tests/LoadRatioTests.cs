using System.Text.Json;

namespace FastPush.Perf.Tests;

/// <summary>
/// A short load on the gateway as it is shipped. CPU of one run is compared with CPU of another a moment later, so that it does not
/// matter how fast the machine is; the limits are far from what is measured (perf/reports) and near enough to notice what is gone.
/// </summary>
public sealed class LoadRatioTests : IDisposable
{
    private const int Rounds = 3;
    private const int TriesMax = 5;
    private const string Short = "--duration 2 --drain 60 --warmup 0.5 --prewarm 1 --settle 0";

    private readonly LoadTool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task Messages_that_wait_for_a_connection_go_out_in_one_send()
    {
        // Measured: 15. Without coalescing each delivery is a send of its own, as it is at a low rate: 1.
        var (alone, together) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            alone.Add(await CpuPerDeliveryAsync("--connections 300 --rate 100", coalesces: false));
            together.Add(await CpuPerDeliveryAsync("--connections 300 --rate 0 --window 16", coalesces: true));
        }

        Assert.InRange(alone.Max() / together.Min(), 3, double.PositiveInfinity);
    }

    [Fact]
    public async Task An_acknowledged_delivery_costs_a_small_multiple_of_an_automatic_one()
    {
        // Measured: 1.5; an ACK is a frame that comes in for each that goes out.
        var ratio = await MedianAsync(async () =>
        {
            var cost = (await RunAsync("ack", "--connections 300 --rate 100", r => r.GetProperty("variants").EnumerateArray()
                    .All(v => IsMeasured(v, v.GetProperty("cpuPerDeliveryUs"), coalesces: false)))).GetProperty("variants").EnumerateArray()
                .ToDictionary(v => v.GetProperty("name").GetString()!, v => v.GetProperty("cpuPerDeliveryUs").GetDouble());
            return cost["client-individual"] / cost["auto"];
        });
        Assert.InRange(ratio, 1, 3);
    }

    private static async Task<double> MedianAsync(Func<Task<double>> measure)
    {
        var ratios = new double[Rounds];
        for (var i = 0; i < Rounds; i++)
        {
            ratios[i] = await measure();
        }

        Array.Sort(ratios);
        return ratios[Rounds / 2];
    }

    private async Task<double> CpuPerDeliveryAsync(string options, bool coalesces)
    {
        var result = await RunAsync(
            "fanout", options, r => IsMeasured(r, r.GetProperty("server").GetProperty("cpuPerDeliveryUs"), coalesces));
        return result.GetProperty("server").GetProperty("cpuPerDeliveryUs").GetDouble();
    }

    // On a machine that stands still now and then a window may be empty, or what waited meanwhile goes out at once.
    private static bool IsMeasured(JsonElement result, JsonElement cost, bool coalesces) =>
        cost.ValueKind == JsonValueKind.Number && (coalesces || result.GetProperty("deliveriesPerReceive").GetDouble() < 1.5);

    private async Task<JsonElement> RunAsync(string scenario, string options, Func<JsonElement, bool> isMeasured)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (code, output) = await _tool.RunAsync(scenario, $"{scenario} {options} {Short}");
            if (code == 0 && await _tool.ReadAsync() is var result && isMeasured(result))
            {
                return result;
            }

            Assert.True(attempt < TriesMax, output);
        }
    }
}
