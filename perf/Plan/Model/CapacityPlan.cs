using System.Text.Json;
using FastPush.Plan.Reporting;

namespace FastPush.Plan.Model;

/// <summary>A line of a plan: a figure and the arithmetic that led to it.</summary>
internal sealed record PlanLine(string Key, string What, double Value, string Unit, string Because);

/// <summary>A sized fleet.</summary>
/// <param name="Working">Nodes that hold the load; the spare ones come on top.</param>
/// <param name="Node">What each working node does.</param>
/// <param name="Core">CPU-seconds per second of one core of it.</param>
internal sealed record CapacityPlan(
    string Report,
    PlanOptions Options,
    ModelConstants Constants,
    CoreUse Use,
    int Working,
    Load Node,
    double Coalesced,
    CpuUse Core,
    CostModel Model)
{
    private const double Megabit = 1e6;
    private const double BitsPerByte = 8;
    private const double Mega = 1e6;

    public bool IsReachable => Use.IsReachable;

    private double Nodes => Working + Options.SpareNodes;

    private double Deliveries => Options.Rate * Options.GroupsOf;

    private double Relayed => Options.Rate * Planner.NodesReached(Working, Options.GroupsOf) * (Working - 1) / Working;

    public IReadOnlyList<PlanLine> Lines() =>
    [
        new("nodes", "Nodes", Nodes, "", $"{Working} hold the load, {Options.SpareNodes} may fail"),
        new("cores", "Cores", Nodes * Options.NodeCores, "", Say($"{Nodes} nodes × {Options.NodeCores} cores")),
        CoreLine(),
        P99Line(),
        .. MemoryLines(),
        RedisLine(),
        KafkaLine(),
        .. NetworkLines(),
    ];

    public string ToText()
    {
        var table = new MarkdownTable("What", "Value", "Because");
        foreach (var line in Lines())
        {
            table.Add(line.What, $"{Figure(line.Value)} {line.Unit}".TrimEnd(), line.Because);
        }

        var verdict = IsReachable
            ? ""
            : Say($"\nA p99 of {Options.P99Ms} ms is not reachable: the model gives {Use.P99Ms:0.##} ms on a nearly idle core.\n");
        return Say($"{Options.Connections:N0} connections, {Options.Rate:N0} messages/s of {Options.Size:N0} B ")
            + Say($"to {Options.GroupsOf:N0} each, p99 of {Options.P99Ms} ms\nConstants: {Report}\n\n{table}\n{Assumptions()}\n{verdict}");
    }

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            report = Report,
            load = Options,
            reachable = IsReachable,
            figures = Lines().ToDictionary(line => line.Key, line => new { line.Value, line.Unit, line.Because }),
            constants = Constants,
        },
        JsonShape.Options) + "\n";

    private string Assumptions() =>
        Say($"Assumed: a core used for {Options.Headroom:P0} at most; {Options.SpareNodes} spare nodes; ")
        + Say($"nodes of {Options.NodeCores} cores and {Options.NodeMemoryBytes / 1e9:0.#} GB, over whose cores the work spreads evenly; ")
        + Say($"a session of {Options.SessionSeconds:N0} s; heart-beats every {Options.HeartBeatSeconds} s; ")
        + Say($"{Options.PacketBytes} B of packet headers a send; Redis operations: ")
        + Say($"{Options.RedisOpsPerConnect} a connection's life, {Options.RedisOpsPerHeartBeat} a heart-beat, ")
        + Say($"{Options.RedisOpsPerMessage} a message, {Options.RedisOpsPerRelay} a relayed message. Each is an option.");

    private PlanLine CoreLine()
    {
        var core = Planner.PerCore(Options, Node);
        var parts = new List<string>
        {
            Say($"{core.PublishesPerSecond * core.FanOut:N0} deliveries/s × {Model.DeliveryUs(core.PublishesPerSecond, Coalesced):0.00} us")
                + Say($" ({Coalesced:0.00} a send)"),
            Say($"{core.PublishesPerSecond:N0} messages/s × {Model.PublishUs(core.PublishesPerSecond):0.0} us"),
            Say($"{core.ConnectsPerSecond:0.#} connects/s × {Constants.Connect?.Value ?? 0:0.0} us"),
            Say($"{core.Connections:N0} connections × {Constants.Idle?.Value ?? 0:0.00} us"),
        };
        if (core.HeartBeatsPerSecond > 0)
        {
            parts.Add(Say($"{core.HeartBeatsPerSecond:N0} heart-beats/s × {Constants.HeartBeat?.Value ?? 0:0.00} us"));
        }

        return new("coreUsePercent", "Use of a core, spare nodes gone", 100 * Core.Total, "%", string.Join(" + ", parts));
    }

    private PlanLine P99Line() => new(
        "p99Ms",
        "p99 by the model",
        Use.P99Ms,
        "ms",
        Say($"{Use.AloneUs:0} us of a lone message + {Use.PieceUs:0} us of work × (1 + ln(100 u) / (1 - u)), ")
            + Say($"u = {Use.Share:P0} of a core at most"));

    private IEnumerable<PlanLine> MemoryLines()
    {
        var message = Planner.MessageBytes(Options, Constants, Node) / Mega;
        yield return new(
            "processMegabytesPerNode",
            "Process memory, a node",
            Planner.ProcessBytes(Options, Constants, Node) / Mega,
            "MB",
            Say($"{ModelConstants.Require(Constants.Process) / Mega:0} MB + {Node.Connections:N0} connections × ")
                + Say($"{ModelConstants.Require(Constants.Connection):N0} B + {message:0.#} MB of messages on their way"));
        yield return new(
            "kernelMegabytesPerNode",
            "Kernel memory, a node",
            Planner.KernelBytes(Constants, Node) / Mega,
            "MB",
            Say($"{Node.Connections:N0} connections × {ModelConstants.Require(Constants.Kernel):N0} B of slab"));
        yield return new(
            "fleetMegabytes",
            "Memory, all nodes",
            Nodes * (Planner.ProcessBytes(Options, Constants, Node) + Planner.KernelBytes(Constants, Node)) / Mega,
            "MB",
            Say($"{Nodes} nodes × both"));
    }

    private PlanLine RedisLine()
    {
        var connects = Options.Connections / Options.SessionSeconds;
        var beats = Options.HeartBeatSeconds > 0 ? Options.Connections / Options.HeartBeatSeconds : 0;
        var total = (connects * Options.RedisOpsPerConnect) + (beats * Options.RedisOpsPerHeartBeat)
            + (Options.Rate * Options.RedisOpsPerMessage) + (Relayed * Options.RedisOpsPerRelay);
        return new(
            "redisOperationsPerSecond",
            "Redis operations",
            total,
            "1/s",
            Say($"{connects:N0} connects/s × {Options.RedisOpsPerConnect} + {beats:N0} heart-beats/s × {Options.RedisOpsPerHeartBeat} + ")
            + Say($"{Options.Rate:N0} messages/s × {Options.RedisOpsPerMessage} + {Relayed:N0} relayed/s × {Options.RedisOpsPerRelay}"));
    }

    /// <summary>One consumer reads a partition at a time, so partitions bound how many cores can take messages in.</summary>
    private PlanLine KafkaLine()
    {
        var publishUs = Model.PublishUs(Options.Rate);
        var perPartition = Use.Share * 1e6 / publishUs;
        return new(
            "kafkaPartitions",
            "Kafka partitions",
            Math.Max(Nodes, Math.Ceiling(Options.Rate / perPartition)),
            "",
            Say($"the larger of {Nodes} nodes and {Options.Rate:N0} messages/s over {perPartition:N0} a partition ")
            + Say($"({Use.Share:P0} of a core, {publishUs:0.0} us a message; the log's own cost is not measured)"));
    }

    private IEnumerable<PlanLine> NetworkLines()
    {
        var headers = ModelConstants.Require(Constants.Headers);
        var bytes = Options.Size + headers + (Options.PacketBytes / Coalesced);
        var megabits = Deliveries * bytes * BitsPerByte / Megabit;
        yield return new(
            "networkMegabitsPerSecond",
            "Network to clients, all nodes",
            megabits,
            "Mbit/s",
            Say($"{Deliveries:N0} deliveries/s × ({Options.Size:0} B payload + {headers:0} B headers + ")
                + Say($"{Options.PacketBytes:0} B packet / {Coalesced:0.00} a send) × {BitsPerByte}"));
        yield return new(
            "networkMegabitsPerSecondPerNode",
            "Network to clients, a node",
            megabits / Working,
            "Mbit/s",
            Say($"over {Working} working nodes"));
    }

    private static string Figure(double value) => value >= 100 || value == Math.Floor(value)
        ? FormattableString.Invariant($"{value:N0}")
        : FormattableString.Invariant($"{value:0.##}");

    private static string Say(FormattableString text) => FormattableString.Invariant(text);
}
