namespace FastPush.Perf.Tests;

/// <summary>
/// A short load on the gateway as it is shipped. CPU of one run is compared with CPU of another a moment later, so that it does not
/// matter how fast the machine is; the limits are far from what is measured (perf/reports) and near enough to notice what is gone.
/// </summary>
public sealed class LoadRatioTests : IDisposable
{
    private const int Rounds = 3;
    private const string Short = "--duration 1 --warmup 0.5 --prewarm 1 --settle 0";

    private readonly LoadTool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task Messages_that_wait_for_a_connection_go_out_in_one_send()
    {
        // Measured: 15. Without coalescing each delivery is a send of its own, as it is at a low rate: 1.
        var ratio = await MedianAsync(async () =>
        {
            var alone = await CpuPerDeliveryAsync("fanout", "--connections 300 --rate 100");
            return alone / await CpuPerDeliveryAsync("fanout", "--connections 300 --rate 0 --window 16");
        });
        Assert.InRange(ratio, 3, double.PositiveInfinity);
    }

    [Fact]
    public async Task An_acknowledged_delivery_costs_a_small_multiple_of_an_automatic_one()
    {
        // Measured: 1.5; an ACK is a frame that comes in for each that goes out.
        var ratio = await MedianAsync(async () =>
        {
            await RunAsync("ack", "--connections 300 --rate 100");
            var cost = (await _tool.ReadAsync()).GetProperty("variants").EnumerateArray()
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

    private async Task<double> CpuPerDeliveryAsync(string scenario, string options)
    {
        await RunAsync(scenario, options);
        return (await _tool.ReadAsync()).GetProperty("server").GetProperty("cpuPerDeliveryUs").GetDouble();
    }

    private async Task RunAsync(string scenario, string options)
    {
        var (code, output) = await _tool.RunAsync(scenario, $"{scenario} {options} {Short}");
        Assert.True(code == 0, output);
    }
}
