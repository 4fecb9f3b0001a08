using FastPush.Plan.Reporting;

namespace FastPush.Plan.Model;

/// <summary>The load to plan for, and what is assumed about it. Each assumption is an option and appears in the plan.</summary>
internal sealed record PlanOptions
{
    public static readonly IReadOnlyList<string> Names =
    [
        "--connections", "--rate", "--size", "--p99", "--groups-of", "--heart-beat", "--report", "--headroom", "--spare", "--node-cores",
        "--node-memory", "--session", "--packet", "--redis-connect", "--redis-beat", "--redis-message", "--redis-relay",
    ];

    private const double HeartBeatDefault = 25;
    private const double HeadroomDefault = 0.6;

    // The presence key's lifetime is 60 s and the session key's an hour: an hour's session is refreshed by beats alone.
    private const double SessionDefault = 3600;

    // Ethernet 14, IPv4 20, TCP with timestamps 32.
    private const double PacketDefault = 66;

    // Session set, session record and presence, each written at connect and removed at disconnect.
    private const double RedisConnectDefault = 6;

    // Deduplication key and registry look-up.
    private const double RedisMessageDefault = 2;

    public required double Connections { get; init; }

    /// <summary>Messages published a second.</summary>
    public required double Rate { get; init; }

    /// <summary>Payload bytes.</summary>
    public required double Size { get; init; }

    public required double P99Ms { get; init; }

    /// <summary>Connections that a message goes to.</summary>
    public required double GroupsOf { get; init; }

    /// <summary>Seconds between a connection's heart-beats; 0 is none.</summary>
    public required double HeartBeatSeconds { get; init; }

    /// <summary>Share of its cores that a node may use.</summary>
    public required double Headroom { get; init; }

    /// <summary>Nodes that may fail.</summary>
    public required double SpareNodes { get; init; }

    public required double NodeCores { get; init; }

    public required double NodeMemoryBytes { get; init; }

    /// <summary>How long a connection lives on average.</summary>
    public required double SessionSeconds { get; init; }

    /// <summary>Bytes of packet headers around each send.</summary>
    public required double PacketBytes { get; init; }

    public required double RedisOpsPerConnect { get; init; }

    public required double RedisOpsPerHeartBeat { get; init; }

    public required double RedisOpsPerMessage { get; init; }

    public required double RedisOpsPerRelay { get; init; }

    /// <summary>Nodes default to the machine that the report was measured on.</summary>
    /// <exception cref="InputException">An option is missing or makes no sense.</exception>
    public static PlanOptions Read(Arguments arguments, ReportDocument report)
    {
        var options = new PlanOptions
        {
            Connections = Whole(arguments, "--connections"),
            Rate = arguments.Number("--rate"),
            Size = arguments.Number("--size"),
            P99Ms = arguments.Number("--p99"),
            GroupsOf = arguments.Text("--groups-of") is null ? 1 : Whole(arguments, "--groups-of"),
            HeartBeatSeconds = arguments.Number("--heart-beat", HeartBeatDefault, canBeZero: true),
            Headroom = arguments.Number("--headroom", HeadroomDefault),
            SpareNodes = Math.Floor(arguments.Number("--spare", 1, canBeZero: true)),
            NodeCores = arguments.Number("--node-cores", report.Machine.Cores),
            NodeMemoryBytes = arguments.Number("--node-memory", report.Machine.MemoryBytes),
            SessionSeconds = arguments.Number("--session", SessionDefault),
            PacketBytes = arguments.Number("--packet", PacketDefault, canBeZero: true),
            RedisOpsPerConnect = arguments.Number("--redis-connect", RedisConnectDefault, canBeZero: true),
            RedisOpsPerHeartBeat = arguments.Number("--redis-beat", 1, canBeZero: true),
            RedisOpsPerMessage = arguments.Number("--redis-message", RedisMessageDefault, canBeZero: true),
            RedisOpsPerRelay = arguments.Number("--redis-relay", 1, canBeZero: true),
        };
        if (options.GroupsOf > options.Connections)
        {
            throw new InputException("--groups-of is above --connections");
        }

        return options.Headroom < 1 ? options : throw new InputException("--headroom must be below 1: a full node queues without end");
    }

    private static double Whole(Arguments arguments, string option)
    {
        var value = arguments.Number(option);
        return value == Math.Floor(value) ? value : throw new InputException($"{option} must be a whole number");
    }
}
