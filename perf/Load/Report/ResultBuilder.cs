using FastPush.Load.Control;

namespace FastPush.Load.Report;

/// <summary>From measurements to a result.</summary>
internal static class ResultBuilder
{
    private const double SaturatedShare = 0.93;
    private const double OthersShareMax = 0.05;

    public static Result Build(DateTimeOffset started, RunContext context, IReadOnlyList<(string Name, Measured Measured)> variants)
    {
        var main = variants[^1].Measured;
        var options = main.Options;
        var cpu = main.TrafficCpu;
        var deliveries = main.Traffic.ReceivedInWindow;
        var count = main.Connect.Ready;
        var hasServer = main.ServerPids.Count > 0;
        var saturated = options.HasTraffic && cpu.EachClient.Max() > SaturatedShare * cpu.At;
        var others = Math.Max(cpu.Busy - cpu.Servers - cpu.Clients, 0);
        return new Result
        {
            Scenario = options.Scenario,
            Label = options.Label,
            Started = started,
            Commit = context.Commit,
            Machine = new MachineResult(context.CpuModel, context.Cores, context.MemoryBytes, context.Kernel),
            Parameters = Parameters(options),
            Seconds = Math.Round(cpu.At, 4),
            Published = main.Traffic.SentInWindow,
            Deliveries = deliveries,
            DeliveriesPerSecond = Math.Round(deliveries / cpu.At, 1),
            PerCpuSecond = hasServer && deliveries > 0 ? Math.Round(deliveries / cpu.Servers, 1) : null,
            DeliveriesPerReceive = DeliveriesPerReceive(main.Traffic),
            WireBytesPerDelivery = WireBytesPerDelivery(main.Traffic),
            Server = hasServer ? Server(main) : null,
            Client = new ClientResult(Math.Round(cpu.Clients, 4), saturated, Math.Round(others, 4)),
            LatencyUs = Latency(main),
            ScheduleLagUs = LatencyResult.From(main.Traffic.Lag),
            Faults = Faults(variants.Select(v => v.Measured)),
            Connect = new ConnectResult(
                count,
                Rate(count, (main.Connect.ConnectUntil - main.Connect.ConnectFrom) / 1e9),
                hasServer && count > 0 ? Math.Round(main.ConnectCpu.Servers * 1e6 / count, 2) : null,
                LatencyResult.From(main.Connect.Handshakes).P50,
                LatencyResult.From(main.Connect.Handshakes).P99),
            Storm = main.Storm is { } storm ? Storm(storm, hasServer) : null,
            Relay = RelayResult.From(main),
            Variants = variants.Count > 1 ? [.. variants.Select(v => Variant(v.Name, v.Measured))] : null,
            Warnings = [.. Warnings(main, saturated, others, context.Cores)],
        };
    }

    private static IEnumerable<string> Warnings(Measured main, bool saturated, double others, int cores)
    {
        if (saturated)
        {
            yield return "a load process is saturated: rates and latencies show the client's limit; deliveries per CPU-second still hold";
        }

        if (others > OthersShareMax * main.TrafficCpu.At * cores)
        {
            yield return FormattableString.Invariant(
                $"the rest of the machine used {others / main.TrafficCpu.At:F2} cores during the measurement: repeat it when it is quiet");
        }

        if (main.ServerPids.Count == 0)
        {
            yield return "the server's process is not known: nothing of its CPU and memory was measured (--server-pid)";
        }
    }

    private static ServerResult Server(Measured main)
    {
        double count = Math.Max(main.Connect.Ready, 1);
        var deliveries = main.Traffic.ReceivedInWindow;
        return new ServerResult(
            main.ServerPids,
            Math.Round(main.TrafficCpu.Servers, 4),
            Math.Round(main.TrafficCpu.User, 2),
            Math.Round(main.TrafficCpu.Kernel, 2),
            deliveries > 0 ? Math.Round(main.TrafficCpu.Servers * 1e6 / deliveries, 3) : null,
            main.Before.Pss,
            main.Connected.Pss,
            main.After.Pss,
            Math.Round((main.Connected.Pss - main.Before.Pss) / count, 1),
            Math.Round((main.Connected.Slab - main.Before.Slab) / count, 1),
            Math.Round(100 * main.TrafficCpu.Servers / main.TrafficCpu.At, 2));
    }

    private static StormResult Storm(StormTimes storm, bool hasServer)
    {
        var handshakes = LatencyResult.From(storm.Handshakes);
        return new StormResult(
            storm.Connections,
            Math.Round(storm.SecondsToAllBack, 3),
            Rate(storm.Connections, storm.SecondsToAllBack),
            hasServer ? Math.Round(storm.ServerCpuSeconds * 1e6 / Math.Max(storm.Connections, 1), 2) : null,
            handshakes.P50,
            handshakes.P99,
            LatencyResult.From(storm.Calm),
            LatencyResult.From(storm.Meanwhile));
    }

    private static VariantResult Variant(string name, Measured m)
    {
        var deliveries = m.Traffic.ReceivedInWindow;
        var hasServer = m.ServerPids.Count > 0 && deliveries > 0;
        return new VariantResult(
            name,
            deliveries,
            Math.Round(deliveries / m.TrafficCpu.At, 1),
            hasServer ? Math.Round(deliveries / m.TrafficCpu.Servers, 1) : null,
            hasServer ? Math.Round(m.TrafficCpu.Servers * 1e6 / deliveries, 3) : null,
            DeliveriesPerReceive(m.Traffic),
            WireBytesPerDelivery(m.Traffic),
            Latency(m),
            FaultResult.From(m.End),
            m.Options.SlowEvery > 0 ? m.Options.Connections / m.Options.SlowEvery : 0,
            m.End.SlowDropped,
            RelayResult.From(m));
    }

    private static double? DeliveriesPerReceive(WorkerReport r) =>
        r.ReceivedInWindow > 0 ? Math.Round((double)r.ReceivedInWindow / r.ReceivesInWindow, 3) : null;

    private static double? WireBytesPerDelivery(WorkerReport r) =>
        r.ReceivedInWindow > 0 ? Math.Round((double)r.BytesInWindow / r.ReceivedInWindow, 1) : null;

    private static LatencyResult Latency(Measured m) =>
        m.Traffic.Latencies.TryGetValue(0, out var exported) ? LatencyResult.From(exported) : new LatencyResult();

    private static FaultResult Faults(IEnumerable<Measured> variants) =>
        FaultResult.From(WorkerReport.Merge([.. variants.Select(v => v.End)]));

    private static double Rate(int count, double seconds) => seconds > 0 ? Math.Round(count / seconds, 1) : 0;

    private static Dictionary<string, object> Parameters(LoadOptions o) => new()
    {
        ["servers"] = o.Targets.Count,
        ["connections"] = o.Connections,
        ["publishers"] = o.Publishers,
        ["topics"] = o.Topics,
        ["size"] = o.Size,
        ["rate"] = o.Rate,
        ["window"] = o.Rate > 0 ? 0 : o.Window,
        ["duration"] = o.DurationSeconds,
        ["warmup"] = o.WarmupSeconds,
        ["processes"] = o.Processes,
        ["sources"] = o.Sources,
        ["connectRate"] = o.ConnectRate,
        ["inFlight"] = o.InFlight,
        ["transport"] = o.SubscribeBySse ? "sse" : "stomp",
        ["publish"] = o.PublishByHttp ? "http" : "stomp",
        ["tls"] = o.UsesTls,
        ["tokens"] = o.UsesTokens,
        ["heartBeatMs"] = o.HeartBeatMs,
        ["ack"] = o.AckMode,
        ["prefetch"] = o.Prefetch,
        ["slowEvery"] = o.SlowEvery,
        ["slowBytesPerSecond"] = o.SlowBytesPerSecond,
        ["observers"] = o.Observers,
        ["observerRate"] = o.ObserverRate,
    };
}
