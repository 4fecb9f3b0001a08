using System.Globalization;
using System.Text;

namespace FastPush.Load.Report;

/// <summary>A result for people.</summary>
internal static class Table
{
    private const int CommandsShown = 8;

    public static string Write(Result r)
    {
        var text = new StringBuilder();
        void Line(string name, FormattableString value) =>
            text.Append(CultureInfo.InvariantCulture, $"{name,-20}{value.ToString(CultureInfo.InvariantCulture)}\n");

        var p = r.Parameters;
        var c = r.Connect;
        Line("scenario", $"{r.Scenario} {r.Label} {p["connections"]} connections, {p["size"]} B, {Load(r)}, {r.Seconds:F1} s");
        Line("commit", $"{r.Commit}");
        Line("connect", $"{c.Count:N0} in all, {c.RatePerSecond:N0}/s, handshake p50 {Ms(c.HandshakeP50Us)} p99 {Ms(c.HandshakeP99Us)}");
        if (r.Deliveries > 0)
        {
            Line("deliveries", $"{r.Deliveries:N0} ({r.DeliveriesPerSecond:N0}/s) of {r.Published:N0} published");
            Line("on the wire", $"{r.WireBytesPerDelivery:F0} bytes a delivery, {r.DeliveriesPerReceive:F2} deliveries a receive");
            Line("latency", $"{Latency(r.LatencyUs)}");
            Line("schedule lag", $"p50 {Ms(r.ScheduleLagUs.P50)}  p99 {Ms(r.ScheduleLagUs.P99)}  max {Ms(r.ScheduleLagUs.Max)}");
        }

        if (r.Server is { } s)
        {
            Line(
                "server cpu",
                $"{s.CpuSeconds:F3} s (user {s.UserCpuSeconds:F2}, kernel {s.KernelCpuSeconds:F2}), {s.CpuPercent:F1} % of a core");
            if (r.PerCpuSecond is { } perCpu)
            {
                Line("efficiency", $"{perCpu:N0} deliveries per server CPU-second ({s.CpuPerDeliveryUs:F2} us each)");
            }

            Line(
                "per connection",
                $"{s.BytesPerConnection:N0} B of process, {s.SlabBytesPerConnection:N0} B of slab, {c.CpuUsPerConnection:F0} us of CPU");
            Line("server memory", $"{Mb(s.PssBytesBefore)} before, {Mb(s.PssBytesAfter)} connected, {Mb(s.PssBytesEnd)} at the end");
        }

        if (r.Storm is { } storm)
        {
            Line("storm", $"{storm.Count:N0} back in {storm.SecondsToAllBack:F2} s ({storm.RatePerSecond:N0}/s)");
            Line("", $"{storm.CpuUsPerConnection:F0} us of server CPU each, handshake p99 {Ms(storm.HandshakeP99Us)}");
            Line("others before", $"{Latency(storm.OthersBeforeUs)}");
            Line("others meanwhile", $"{Latency(storm.OthersMeanwhileUs)}");
        }

        foreach (var v in r.Variants ?? [])
        {
            Line(v.Name, $"{v.DeliveriesPerSecond:N0}/s, {v.CpuPerDeliveryUs:F2} us of server CPU each, {Latency(v.LatencyUs)}{Slow(v)}");
            if (v.Relay is { } relayed)
            {
                Relay(relayed, Line);
            }
        }

        if (r is { Relay: { } relay, Variants: null })
        {
            Relay(relay, Line);
        }

        Line("client", $"{r.Client.CpuSeconds:F3} s of CPU; rest of the machine {r.Client.OtherCpuSeconds:F3} s");
        var f = r.Faults;
        Line("faults", $"{Faults(f)}");
        if (f.FirstError is not null)
        {
            Line("first error", $"{f.FirstError.ReplaceLineEndings(" ")}");
        }

        foreach (var warning in r.Warnings)
        {
            Line("WARNING", $"{warning}");
        }

        return text.ToString();
    }

    private static void Relay(RelayResult r, Action<string, FormattableString> line)
    {
        line("", $"{r.MessagesPerSecond:N0} messages/s");
        line("", $"us a message: publishers' gateway {r.PublisherCpuUs:F1}, subscribers' {r.SubscriberCpuUs:F1}, Redis {r.RedisCpuUs:F1}");
        line("", $"{r.RedisCallsPerDelivery:F4} calls of Redis a delivery, {r.RedisCommandsPerDelivery:F4} with those inside scripts");
        line("", $"{r.AllocatedBytesPerRelayed:F0} B allocated for each of {r.Relayed:N0} relayed messages");
        line("", $"a message: {string.Join(", ", r.CommandsPerMessage.Take(CommandsShown).Select(Command))}");
    }

    private static string Command(KeyValuePair<string, double> c) => FormattableString.Invariant($"{c.Value:F3} {c.Key}");

    private static string Load(Result r) => r.Published == 0 ? "no traffic"
        : r.Parameters["rate"] is double and > 0 ? FormattableString.Invariant($"{r.Parameters["rate"]} messages/s")
        : FormattableString.Invariant($"{r.Parameters["window"]} on their way");

    private static string Latency(LatencyResult l) =>
        $"p50 {Ms(l.P50)}  p90 {Ms(l.P90)}  p99 {Ms(l.P99)}  p99.9 {Ms(l.P999)}  max {Ms(l.Max)}";

    private static string Slow(VariantResult v) =>
        v.SlowReaders > 0 ? FormattableString.Invariant($", {v.SlowReaders} slow readers of which {v.SlowReadersClosed} were closed") : "";

    private static string Faults(FaultResult f)
    {
        (string Name, long Count)[] all =
        [
            ("lost", f.Lost), ("duplicated", f.Duplicated), ("out of order", f.OutOfOrder), ("misrouted", f.Misrouted),
            ("malformed", f.Malformed), ("unsent", f.Unsent), ("stalls", f.Stalled), ("publishes refused", f.PublishRefused),
            ("connects failed", f.ConnectFailed), ("dropped", f.Dropped),
        ];
        var some = all.Where(x => x.Count > 0).Select(x => FormattableString.Invariant($"{x.Count:N0} {x.Name}"));
        return f.IsNone ? "none" : string.Join(", ", some);
    }

    private static string Ms(double us) => FormattableString.Invariant($"{us / 1000:F3} ms");

    private static string Mb(long bytes) => FormattableString.Invariant($"{bytes / 1e6:F1} MB");
}
