using System.Text.Json;

namespace FastPush.Plan.Results;

/// <summary>
/// A line of wsload, the neutral client. It says neither heart-beats nor tokens nor how subscribers acknowledge: scripts/report.sh adds
/// "heartbeat_ms", "tokens" and, where it is not auto, "ack".
/// </summary>
internal static class WsloadResult
{
    private const int BytesMin = 1;

    public static MeasuredRun Read(JsonElement line)
    {
        double? Get(string name) => JsonFields.Number(line, name);
        var kind = JsonFields.Text(line, "mode") ?? throw new InputException("a line of wsload has no \"mode\"");
        var isIdle = kind == "idle";
        var connected = Get("conn_ok");
        var rate = Get("rate") ?? 0;
        return new MeasuredRun
        {
            Scenario = new Scenario(
                kind,
                JsonFields.Int(line, "n"),
                rate,
                isIdle || rate > 0 ? 0 : JsonFields.Int(line, "window"),
                JsonFields.Int(line, "size"),
                JsonFields.Int(line, "heartbeat_ms"),
                IsTls: false,
                Variant: JsonFields.Text(line, "ack") ?? ""),
            Label = JsonFields.Text(line, "label") ?? "",
            HasTokens = JsonFields.Flag(line, "tokens"),
            Seconds = Get("wall_s"),
            Published = Get("sent"),
            Deliveries = Get("deliveries"),
            PerCpuSecond = Get("deliveries_per_cpu_s"),
            CpuSeconds = Get("server_cpu_s"),
            LatencyUs = new Latency(Get("lat_p50_us"), Get("lat_p90_us"), Get("lat_p99_us"), Get("lat_p999_us"), Get("lat_max_us")),
            DeliveriesPerReceive = Get("per_recv"),
            WireBytes = Get("wire_bytes") is { } bytes and >= BytesMin ? bytes : null,
            ProcessBytes = Get("pss_before"),
            BytesPerConnection = Get("pss_per_conn"),
            SlabBytesPerConnection = isIdle ? Get("slab_per_conn") : null,
            ConnectCpuUs = connected > 0 ? Get("server_cpu_connect_s") * 1e6 / connected : null,
            ConnectsPerSecond = Get("conn_rate"),
            Lost = Get("lost"),
            Duplicated = Get("dup"),
            OutOfOrder = Get("ooo"),
            Misrouted = Get("misrouted"),
            FailedConnections = Get("conn_failed") + Get("dropped"),
            OthersCores = Get("other_cpu_s") / Get("wall_s"),
        };
    }
}
