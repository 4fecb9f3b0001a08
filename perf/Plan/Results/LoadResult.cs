using System.Text.Json;

namespace FastPush.Plan.Results;

/// <summary>A result of fastpush-load (its --json). A run that measured variants gives one run each.</summary>
internal static class LoadResult
{
    private const int DayChars = 10;

    public static IReadOnlyList<MeasuredRun> Read(JsonElement result)
    {
        var whole = Whole(result);
        return JsonFields.Find(result, "variants") is { ValueKind: JsonValueKind.Array } variants
            ? [.. variants.EnumerateArray().Select(variant => Variant(whole, variant))]
            : [whole];
    }

    public static Conditions Conditions(JsonElement result)
    {
        var day = JsonFields.Text(result, "started") ?? JsonFields.Text(result, "date");
        return new Conditions
        {
            Date = day?.Length >= DayChars ? day[..DayChars] : null,
            Commit = JsonFields.Text(result, "commit"),
            Machine = JsonFields.Find(result, "machine") is { ValueKind: JsonValueKind.Object } machine
                ? new Machine(
                    JsonFields.Text(machine, "cpuModel"),
                    (int?)JsonFields.Number(machine, "cores"),
                    (long?)JsonFields.Number(machine, "memoryBytes"),
                    JsonFields.Text(machine, "kernel"))
                : null,
        };
    }

    private static MeasuredRun Whole(JsonElement result)
    {
        double? Get(params ReadOnlySpan<string> path) => JsonFields.Number(result, path);
        var isIdle = JsonFields.Text(result, "scenario") == "idle";
        var seconds = Get("seconds") ?? Get("parameters", "duration");
        var rate = Get("parameters", "rate") ?? 0;
        return new MeasuredRun
        {
            Scenario = new Scenario(
                JsonFields.Text(result, "scenario") ?? "",
                JsonFields.Int(result, "parameters", "connections"),
                isIdle ? 0 : rate,
                isIdle || rate > 0 ? 0 : JsonFields.Int(result, "parameters", "window"),
                JsonFields.Int(result, "parameters", "size"),
                JsonFields.Int(result, "parameters", "heartBeatMs"),
                JsonFields.Flag(result, "parameters", "tls"),
                Variant: ""),
            Label = JsonFields.Text(result, "label") ?? "",
            HasTokens = JsonFields.Flag(result, "parameters", "tokens"),
            Seconds = seconds,
            Published = Get("published"),
            Deliveries = Get("deliveries"),
            PerCpuSecond = Get("perCpuSecond"),
            CpuSeconds = Get("server", "cpuSeconds"),
            LatencyUs = ReadLatency(result),
            DeliveriesPerReceive = Get("deliveriesPerReceive"),
            WireBytes = Get("wireBytesPerDelivery"),
            ProcessBytes = Get("server", "pssBytesBefore"),
            BytesPerConnection = Get("server", "bytesPerConnection"),
            SlabBytesPerConnection = isIdle ? Get("server", "slabBytesPerConnection") : null,
            ConnectCpuUs = Get("connect", "cpuUsPerConnection"),
            ConnectsPerSecond = Get("connect", "ratePerSecond"),
            FailedConnections = Get("faults", "failedConnections") ?? (Get("faults", "connectFailed") + Get("faults", "dropped")),
            OthersCores = Get("client", "otherCpuSeconds") / seconds,
        }.WithFaults(result);
    }

    private static MeasuredRun Variant(MeasuredRun whole, JsonElement variant)
    {
        double? Get(params ReadOnlySpan<string> path) => JsonFields.Number(variant, path);
        var deliveries = Get("deliveries");
        return (whole with
        {
            Scenario = whole.Scenario with { Variant = JsonFields.Text(variant, "name") ?? "" },
            Published = null,
            Deliveries = deliveries,
            PerCpuSecond = Get("perCpuSecond"),
            CpuSeconds = Get("cpuPerDeliveryUs") * deliveries / 1e6,
            LatencyUs = ReadLatency(variant),
            DeliveriesPerReceive = Get("deliveriesPerReceive"),
            WireBytes = Get("wireBytesPerDelivery"),
        }).WithFaults(variant);
    }

    private static MeasuredRun WithFaults(this MeasuredRun run, JsonElement element) => run with
    {
        Lost = JsonFields.Number(element, "faults", "lost"),
        Duplicated = JsonFields.Number(element, "faults", "duplicated"),
        OutOfOrder = JsonFields.Number(element, "faults", "outOfOrder"),
        Misrouted = JsonFields.Number(element, "faults", "misrouted"),
    };

    private static Latency ReadLatency(JsonElement element)
    {
        double? Get(string name) => JsonFields.Number(element, "latencyUs", name);
        // A run without traffic has a histogram of nothing.
        return Get("count") == 0
            ? new Latency(null, null, null, null, null)
            : new Latency(Get("p50"), Get("p90"), Get("p99"), Get("p999"), Get("max"));
    }
}
