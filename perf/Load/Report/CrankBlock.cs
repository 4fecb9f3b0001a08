using System.Text.Json;

namespace FastPush.Load.Report;

/// <summary>
/// The lines that Microsoft's Crank agent reads measurements from: one JSON object between two markers, each on a line of its own.
/// </summary>
internal static class CrankBlock
{
    public const string Begin = "#StartJobStatistics";
    public const string End = "#EndJobStatistics";
    private const string Tool = "fastpush-load";

    public static string Write(Result r, DateTimeOffset now)
    {
        var rows = Rows(r).Where(row => row.Value is not null).ToList();
        var block = new
        {
            Metadata = rows.Select(row => new
            {
                Source = Tool,
                Name = $"{Tool}/{row.Name}",
                Aggregate = "Last",
                row.Reduce,
                row.Format,
                row.ShortDescription,
                row.LongDescription,
            }),
            Measurements = rows.Select(row => new
            {
                Timestamp = now.UtcDateTime,
                Name = $"{Tool}/{row.Name}",
                Value = Math.Round(row.Value!.Value, 4),
            }),
        };
        return $"{Begin}\n{JsonSerializer.Serialize(block)}\n{End}\n";
    }

    private static IEnumerable<Row> Rows(Result r)
    {
        var faults = r.Faults.Lost + r.Faults.Duplicated + r.Faults.OutOfOrder + r.Faults.Misrouted + r.Faults.Malformed;
        yield return new("deliveries/rate", r.DeliveriesPerSecond, "Sum", "n0", "Deliveries/s", "Messages received a second");
        yield return new(
            "deliveries/per-cpu-second", r.PerCpuSecond, "Avg", "n0", "Deliveries/CPU-s", "Messages received per second of server CPU");
        yield return new("latency/p50", r.LatencyUs.P50 / 1000, "Max", "n3", "Latency 50th (ms)", "Median from due time to receipt in ms");
        yield return new(
            "latency/p90", r.LatencyUs.P90 / 1000, "Max", "n3", "Latency 90th (ms)", "90th percentile from due time to receipt in ms");
        yield return new(
            "latency/p99", r.LatencyUs.P99 / 1000, "Max", "n3", "Latency 99th (ms)", "99th percentile from due time to receipt in ms");
        yield return new(
            "latency/p999", r.LatencyUs.P999 / 1000, "Max", "n3", "Latency 99.9th (ms)", "99.9th percentile, due to receipt, in ms");
        yield return new("latency/max", r.LatencyUs.Max / 1000, "Max", "n3", "Latency max (ms)", "Longest from due time to receipt in ms");
        yield return new(
            "faults/messages", faults, "Sum", "n0", "Bad messages", "Lost, doubled, out of order, misrouted and malformed messages");
        yield return new("faults/lost", r.Faults.Lost, "Sum", "n0", "Lost messages", "Messages that a subscriber never got");
        yield return new(
            "faults/connections",
            r.Faults.ConnectFailed + r.Faults.Dropped,
            "Sum",
            "n0",
            "Bad connections",
            "Connections that failed or were dropped");
        yield return new("connect/rate", r.Connect.RatePerSecond, "Sum", "n0", "Connections/s", "Connections subscribed a second");
        yield return new(
            "connect/cpu", r.Connect.CpuUsPerConnection, "Avg", "n1", "CPU/connection (us)",
            "Server CPU to connect and subscribe a client in us");
        yield return new("server/cpu", r.Server?.CpuSeconds, "Sum", "n3", "Server CPU (s)", "Server CPU of the measured window in s");
        yield return new(
            "server/bytes-per-connection", r.Server?.BytesPerConnection, "Avg", "n0", "Memory/connection (B)",
            "Server PSS per connection in bytes");
        yield return new(
            "server/slab-per-connection",
            r.Server?.SlabBytesPerConnection,
            "Avg",
            "n0",
            "Slab/connection (B)",
            "Kernel slab per connection in bytes, both ends where both are on one machine");
        yield return new(
            "storm/seconds", r.Storm?.SecondsToAllBack, "Max", "n2", "Storm (s)", "From the drop of all until all are back in s");
        yield return new("storm/rate", r.Storm?.RatePerSecond, "Sum", "n0", "Storm connections/s", "Connections that came back a second");
        yield return new(
            "storm/latency/p99",
            r.Storm?.OthersMeanwhileUs.P99 / 1000,
            "Max",
            "n3",
            "Storm latency 99th (ms)",
            "99th percentile of the subscribers that stayed in ms");
        foreach (var (prefix, relay) in Relays(r))
        {
            foreach (var row in Rows(prefix, relay))
            {
                yield return row;
            }
        }
    }

    private static IEnumerable<(string Prefix, RelayResult Relay)> Relays(Result r) => r switch
    {
        { Variants: { } variants } => variants.Where(v => v.Relay is not null).Select(v => ($"relay/{v.Name}", v.Relay!)),
        { Relay: { } relay } => [("relay", relay)],
        _ => [],
    };

    private static IEnumerable<Row> Rows(string prefix, RelayResult r)
    {
        yield return new($"{prefix}/rate", r.MessagesPerSecond, "Sum", "n0", $"{prefix} messages/s", "Messages published a second");
        yield return new($"{prefix}/publisher-cpu", r.PublisherCpuUs, "Avg", "n1", $"{prefix} publisher (us)",
            "CPU of the publishers' gateway for a message in us");
        yield return new($"{prefix}/subscriber-cpu", r.SubscriberCpuUs, "Avg", "n1", $"{prefix} subscriber (us)",
            "CPU of the subscribers' gateway for a message in us");
        yield return new($"{prefix}/redis-cpu", r.RedisCpuUs, "Avg", "n1", $"{prefix} Redis (us)", "CPU of Redis for a message in us");
        yield return new($"{prefix}/redis-commands", r.RedisCommandsPerDelivery, "Avg", "n4", $"{prefix} commands/delivery",
            "Commands of Redis for a delivery, those inside scripts too");
        yield return new($"{prefix}/redis-calls", r.RedisCallsPerDelivery, "Avg", "n4", $"{prefix} calls/delivery",
            "Commands and scripts sent to Redis for a delivery");
        yield return new($"{prefix}/allocated", r.AllocatedBytesPerRelayed, "Avg", "n0", $"{prefix} bytes/message",
            "Bytes that the subscribers' gateway allocates for a relayed message");
    }

    private sealed record Row(string Name, double? Value, string Reduce, string Format, string ShortDescription, string LongDescription);
}
