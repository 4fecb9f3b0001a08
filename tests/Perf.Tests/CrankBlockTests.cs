using System.Globalization;
using System.Text.Json;
using FastPush.Load.Report;

namespace FastPush.Perf.Tests;

public sealed class CrankBlockTests
{
    private static readonly string[] s_operations =
        ["First", "Last", "Avg", "Sum", "Median", "Max", "Min", "Count", "All", "Delta"];

    private static readonly Result s_result = new()
    {
        DeliveriesPerSecond = 49_999.5,
        PerCpuSecond = 200_000,
        LatencyUs = new LatencyResult { P99 = 3210 },
        Server = new ServerResult([1], 2.5, 1, 1.5, 5, 1, 2, 3, 4000, 4800, 50),
        Faults = new FaultResult { Lost = 3, Dropped = 1 },
    };

    [Fact]
    public void An_agent_finds_every_measurement_and_what_it_means()
    {
        var (metadata, measurements) = Parse("a table\n" + CrankBlock.Write(s_result, DateTimeOffset.UnixEpoch) + "later output\n");
        Assert.Equal(3.21, measurements["fastpush-load/latency/p99"], 6);
        Assert.Equal(49_999.5, measurements["fastpush-load/deliveries/rate"]);
        Assert.Equal(3, measurements["fastpush-load/faults/lost"]);
        Assert.Equal(2.5, measurements["fastpush-load/server/cpu"]);
        Assert.Equal(metadata.Order(), measurements.Keys.Order());
    }

    [Fact]
    public void What_was_not_measured_is_left_out()
    {
        var unknown = s_result with { Server = null, PerCpuSecond = null };
        var (metadata, measurements) = Parse(CrankBlock.Write(unknown, DateTimeOffset.UnixEpoch));
        Assert.DoesNotContain("fastpush-load/server/cpu", measurements.Keys);
        Assert.DoesNotContain("fastpush-load/storm/seconds", measurements.Keys);
        Assert.Equal(metadata.Order(), measurements.Keys.Order());
    }

    // As the agent does: at the end marker back to the last start marker, and one JSON object from the lines between.
    internal static (IReadOnlyList<string> Metadata, IReadOnlyDictionary<string, double> Measurements) Parse(string output)
    {
        var lines = output.Split('\n').ToList();
        var end = lines.FindIndex(line => line.Contains("#EndJobStatistics", StringComparison.Ordinal));
        var start = lines.FindLastIndex(end, line => line.Contains("#StartJobStatistics", StringComparison.Ordinal));
        Assert.Equal("#StartJobStatistics", lines[start]);
        Assert.Equal("#EndJobStatistics", lines[end]);
        using var block = JsonDocument.Parse(string.Concat(lines[(start + 1)..end]));
        var names = new List<string>();
        foreach (var item in block.RootElement.GetProperty("Metadata").EnumerateArray())
        {
            Assert.Equal("fastpush-load", item.GetProperty("Source").GetString());
            Assert.Contains(item.GetProperty("Aggregate").GetString(), s_operations);
            Assert.Contains(item.GetProperty("Reduce").GetString(), s_operations);
            Assert.NotEmpty(1.5.ToString(item.GetProperty("Format").GetString(), CultureInfo.InvariantCulture));
            Assert.NotEmpty(item.GetProperty("ShortDescription").GetString()!);
            Assert.NotEmpty(item.GetProperty("LongDescription").GetString()!);
            names.Add(item.GetProperty("Name").GetString()!);
        }

        var measurements = new Dictionary<string, double>();
        foreach (var item in block.RootElement.GetProperty("Measurements").EnumerateArray())
        {
            var time = item.GetProperty("Timestamp").GetString()!;
            Assert.Equal(TimeSpan.Zero, DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind).Offset);
            measurements.Add(item.GetProperty("Name").GetString()!, item.GetProperty("Value").GetDouble());
        }

        return (names, measurements);
    }
}
